//! The results of calls to a store: errors, and whether a conditional write was made.

use std::fmt::Display;

use sockbit_domain::NoteId;

/// Why a call to a store failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written. Retrying later may succeed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The write may or may not have been committed.
    #[error("the store did not confirm whether it committed: {0}")]
    Unknown(String),
}

impl StoreError {
    /// A row holds a value that this program does not write.
    pub fn unreadable_row(table: &str, key: impl Display, cause: impl Display) -> Self {
        Self::Unavailable(format!("the row of `{table}` at {key} cannot be read: {cause}"))
    }

    /// The later edits of a note exceed [`LATER_INVERSES_BYTES_MAX`](super::LATER_INVERSES_BYTES_MAX).
    #[must_use]
    pub fn history_too_long(note: NoteId) -> Self {
        Self::Unavailable(format!("note {note} has too many later edits"))
    }
}

/// The result of a conditional write to one board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitResult {
    /// Everything was written.
    Done,
    /// Nothing was written: the board had changed, or the write broke a constraint.
    Conflict,
}
