//! What Postgres says when it fails, in the words of the port.

use std::fmt::Display;

use sockbit_application::ports::StoreError;
use sqlx::error::DatabaseError;

/// Nothing was written.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub(crate) fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(reason(&error))
}

/// A commit was under way.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub(crate) fn unknown(error: sqlx::Error) -> StoreError {
    StoreError::Unknown(reason(&error))
}

/// A row holds what this program cannot have written.
pub(crate) fn unreadable(table: &str, key: impl Display, cause: impl Display) -> StoreError {
    StoreError::Unavailable(format!("the row of `{table}` at {key} cannot be read: {cause}"))
}

/// What went wrong, in the server's words or the driver's; neither knows of the password.
pub(crate) fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::PoolTimedOut => "no connection could be had in time".to_owned(),
        sqlx::Error::PoolClosed => "the store is closed".to_owned(),
        error => error.to_string(),
    }
}

/// The SQLSTATE, where the server gave one (PostgreSQL manual, appendix A).
pub(crate) fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(DatabaseError::code).map(Into::into)
}

/// Whether the server refuses what a row holds: a value that is none (22), a constraint that it
/// breaks (23), or a size beyond all limits (54).
pub(crate) fn refuses_a_row(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|it| ["22", "23", "54"].iter().any(|class| it.starts_with(class)))
}
