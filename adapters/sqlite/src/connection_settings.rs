//! The settings of connections, under which acknowledged commits survive a power failure.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Row, SqliteConnection};

use crate::OpenError;

/// How long a connection waits for the lock of another process, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The size to which the write-ahead log is truncated after a long read has made it grow.
const WAL_BYTES_MAX: &str = "67108864";

const REQUIRED: [(&str, &str); 4] = [
    ("pragma journal_mode", "wal"),
    ("pragma synchronous", "2"),
    ("pragma foreign_keys", "1"),
    ("pragma busy_timeout", "5000"),
];

pub(crate) fn for_writing(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("journal_size_limit", WAL_BYTES_MAX)
        .disable_statement_logging()
}

pub(crate) fn for_reading(path: &Path) -> SqliteConnectOptions {
    for_writing(path).pragma("query_only", "on")
}

/// Verifies the settings: a file system without shared memory, or a build of SQLite with other
/// defaults, may ignore them without an error.
pub(crate) async fn verify(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    for (pragma, required) in REQUIRED {
        let row = sqlx::query(pragma).fetch_one(&mut *connection).await;
        let found: String = row
            .and_then(|row| row.try_get_unchecked(0))
            .map_err(|it| it.to_string())
            .unwrap_or_else(|it| it);
        if found != required {
            let setting = pragma.trim_start_matches("pragma ");
            return Err(OpenError::WeakSetting { setting, found, required });
        }
    }
    Ok(())
}
