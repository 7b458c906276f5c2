//! The settings under which what is acknowledged survives a power cut, and the proof that they hold.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Row, SqliteConnection};

use crate::OpenError;

/// How long to wait for another process's lock, such as a backup's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// What the write-ahead log is cut back to after a long reader had made it grow.
const WAL_BYTES_KEPT: &str = "67108864";

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
        .pragma("journal_size_limit", WAL_BYTES_KEPT)
        .disable_statement_logging()
}

pub(crate) fn for_reading(path: &Path) -> SqliteConnectOptions {
    for_writing(path).pragma("query_only", "on")
}

/// A file system without shared memory or a build of SQLite with other defaults may refuse a
/// setting without an error.
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
