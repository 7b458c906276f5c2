//! The save status of a note's text.

use serde::Serialize;

use crate::clock_and_ids::MonotonicTime;
use crate::reason::Reason;

/// The state of the words in a note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SaveStatus {
    /// What is true of them.
    pub state: SaveState,
    /// From when on, where that is known.
    pub since: Option<MonotonicTime>,
    /// Why they were rejected.
    #[serde(flatten)]
    pub reason: Option<Reason>,
}

/// Where words can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveState {
    /// The server has them all.
    Saved,
    /// Typed, and not to be sent yet.
    Editing,
    /// To be sent, or sent, and without outcome.
    Saving,
    /// They became a draft.
    Rejected,
}

impl SaveStatus {
    pub(crate) fn settled(state: SaveState, since: MonotonicTime) -> Self {
        Self { state, since: Some(since), reason: None }
    }

    pub(crate) fn rejected(reason: &Reason, since: MonotonicTime) -> Self {
        let reason = Some(reason.clone());
        Self { state: SaveState::Rejected, since: Some(since), reason }
    }
}
