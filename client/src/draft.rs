//! Text that could not be saved.

use serde::{Deserialize, Serialize};
use sockbit_domain::{NoteId, Text, Timestamp};
use uuid::Uuid;

use crate::reason::Reason;

/// Words that could not be saved where they were typed. They are offered as a new note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Draft {
    /// Names the draft.
    pub id: Uuid,
    /// Where they were typed.
    pub note: NoteId,
    /// The whole text as it was shown.
    pub text: Text,
    /// Why they could not be saved.
    pub reason: Reason,
    /// Since when they are a draft.
    pub at: Timestamp,
}
