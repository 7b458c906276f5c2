//! Presence: the users that are on a board now. It is never stored.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{Actor, NoteId};

/// The presence of one actor, merged over all its windows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonPresence {
    /// The actor.
    pub actor: Actor,
    /// The notes that it is in, ordered by id: usually at most one, or one for each window.
    #[serde(default)]
    pub notes: Vec<NoteId>,
}
