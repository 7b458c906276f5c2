//! Maps errors of SQLite to errors of the port.

use std::time::Duration;

use sockbit_application::ports::StoreError;
use sqlx::error::DatabaseError;

/// How long a reader waits for a connection.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(5);

const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_NOTADB: i32 = 26;

/// For calls that have written nothing.
#[expect(clippy::needless_pass_by_value, reason = "the signature of an error mapping")]
pub(crate) fn unavailable(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(reason(&error))
}

/// For calls that may have committed.
#[expect(clippy::needless_pass_by_value, reason = "the signature of an error mapping")]
pub(crate) fn unknown(error: sqlx::Error) -> StoreError {
    StoreError::Unknown(reason(&error))
}

/// The error message of the database, without the prefix of the driver.
pub(crate) fn reason(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), ToString::to_string)
}

pub(crate) fn is_constraint_violation(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(SQLITE_CONSTRAINT)
}

pub(crate) fn is_not_a_database(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(SQLITE_NOTADB)
}

/// SQLite's primary error code: the low byte of the extended code.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error().and_then(DatabaseError::code)?.parse().ok()?;
    Some(code & 0xff)
}
