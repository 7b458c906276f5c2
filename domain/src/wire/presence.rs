//! Who is at a board now. Nothing of it is kept.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{Actor, NoteId};

/// A person at a board, once for all their windows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonPresence {
    /// Who it is.
    pub actor: Actor,
    /// The notes that they are in: as a rule one or none, and several where they have several
    /// windows. By id.
    #[serde(default)]
    pub notes: Vec<NoteId>,
}
