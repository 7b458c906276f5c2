//! Who is at a board now. Nothing of it is kept.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{Actor, NoteId};

/// Somebody who is at a board, however many windows they have there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonPresence {
    /// Who it is.
    pub actor: Actor,
    /// The notes that they are in: as a rule one or none, and several where they have several
    /// windows. By id.
    #[serde(default)]
    pub notes: Vec<NoteId>,
}
