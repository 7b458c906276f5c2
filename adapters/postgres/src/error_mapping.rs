//! Maps errors of PostgreSQL to errors of the port.

use sockbit_application::ports::StoreError;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

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

/// For a statement that is a transaction by itself. The server rolled it back if it reports an error;
/// it may have committed if the error ends the connection, or if the response is lost.
pub(crate) fn unavailable_if_rolled_back(error: sqlx::Error) -> StoreError {
    let from_server = error.as_database_error().and_then(|it| it.try_downcast_ref());
    let is_rolled_back =
        from_server.is_some_and(|it: &PgDatabaseError| it.severity() == PgSeverity::Error);
    if is_rolled_back { unavailable(error) } else { unknown(error) }
}

/// The error message of the server or the driver. Neither contains the password.
pub(crate) fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::PoolTimedOut => "there was no connection in time".to_owned(),
        sqlx::Error::PoolClosed => "the store is closed".to_owned(),
        error => error.to_string(),
    }
}

/// The SQLSTATE, if the error is from the server (PostgreSQL manual, appendix A).
pub(crate) fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(DatabaseError::code).map(Into::into)
}

/// Whether the server rejects the content of a row: an invalid value (class 22), a constraint
/// violation (23), or a limit of the server (54).
pub(crate) fn is_row_rejected(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|it| ["22", "23", "54"].iter().any(|class| it.starts_with(class)))
}
