//! Maps errors of SQLite to errors of the port.

use rusqlite::{Error, ErrorCode};
use sockbit_application::ports::StoreError;

/// Why something could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// SQLite reports an error.
    Sqlite(Error),
    /// A row cannot be converted to the domain.
    Row(StoreError),
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Row(error)
    }
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Sqlite(error) => unavailable(error),
            ReadError::Row(error) => error,
        }
    }
}

/// For calls that have written nothing.
#[expect(clippy::needless_pass_by_value, reason = "the signature of an error mapping")]
pub(crate) fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(reason(&error))
}

/// For calls that may have committed.
#[expect(clippy::needless_pass_by_value, reason = "the signature of an error mapping")]
pub(crate) fn unknown(error: Error) -> StoreError {
    StoreError::Unknown(reason(&error))
}

/// The error message of the database with its extended code.
pub(crate) fn reason(error: &Error) -> String {
    error
        .sqlite_error()
        .map_or_else(|| error.to_string(), |it| format!("(code: {}) {error}", it.extended_code))
}

pub(crate) fn is_constraint_violation(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

pub(crate) fn is_not_a_database(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::NotADatabase)
}
