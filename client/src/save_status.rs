//! The save status of a note's text.

use serde::Serialize;

use crate::clock_and_ids::MonotonicTime;
use crate::reason::Reason;

/// Whether the server has a note's text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SaveStatus {
    /// The state of the text.
    pub state: SaveState,
    /// When that state began, if it is known.
    pub since: Option<MonotonicTime>,
    /// Why the text was rejected.
    #[serde(flatten)]
    pub reason: Option<Reason>,
}

/// The state of a note's text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveState {
    /// The server has all of it.
    Saved,
    /// It has changes that are not flushed.
    Editing,
    /// It is queued or sent, without an outcome.
    Saving,
    /// It was rejected, and is a draft.
    Rejected,
}

impl SaveStatus {
    pub(crate) fn new(state: SaveState, since: Option<MonotonicTime>) -> Self {
        Self { state, since, reason: None }
    }
}
