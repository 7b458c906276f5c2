//! What a call to a store results in: an error, or a conditional write that was made or not.

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

/// The result of a conditional write to one board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitResult {
    /// Everything was written.
    Done,
    /// Nothing was written: the board had changed, or the write broke a constraint.
    Conflict,
}
