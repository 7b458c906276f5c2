//! What SQLite says when it fails, in the words of the port.

use std::fmt::Display;
use std::time::Duration;

use sockbit_application::ports::StoreError;
use sqlx::error::DatabaseError;

/// How long a reader waits for a connection.
pub(crate) const READ_WAIT: Duration = Duration::from_secs(5);

const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_NOTADB: i32 = 26;

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

/// What went wrong, without the driver's preamble.
pub(crate) fn reason(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), ToString::to_string)
}

pub(crate) fn breaks_a_constraint(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(SQLITE_CONSTRAINT)
}

pub(crate) fn is_no_database(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(SQLITE_NOTADB)
}

/// The low byte of SQLite's extended code.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error().and_then(DatabaseError::code)?.parse().ok()?;
    Some(code & 0xff)
}
