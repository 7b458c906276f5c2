//! The settings of connections, under which acknowledged commits survive a power failure.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::OpenError;

/// How long a connection waits for the lock of another process, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The log is truncated to this size after a long read has made it grow.
const SETTINGS: &str = "\
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma journal_size_limit = 67108864;";

/// A checkpoint copies each page once, however often it was written since the last one, so fewer
/// checkpoints copy less; this many pages (16 MiB) keep the pause of one to some milliseconds. The
/// cache (16 MiB) holds what one transaction changes, so that a checkpoint is all that reads the log.
const WRITER_SETTINGS: &str = "\
    pragma wal_autocheckpoint = 4000;
    pragma cache_size = -16384;";

const REQUIRED: [(&str, &str); 4] = [
    ("pragma journal_mode", "wal"),
    ("pragma synchronous", "2"),
    ("pragma foreign_keys", "1"),
    ("pragma busy_timeout", "5000"),
];

/// More than there are statements in this crate, so that each is prepared once a connection.
const PREPARED_STATEMENTS_MAX: usize = 64;

/// Opens a file that exists, with the settings of the file.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    // Without a mutex, since a connection is used by one thread at a time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

pub(crate) fn open_for_writing(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open_with_settings(path)?;
    connection.execute_batch(WRITER_SETTINGS)?;
    Ok(connection)
}

pub(crate) fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open_with_settings(path)?;
    connection.execute_batch("pragma query_only = on")?;
    Ok(connection)
}

fn open_with_settings(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path)?;
    connection.execute_batch(SETTINGS)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS_MAX);
    Ok(connection)
}

/// Verifies the settings: a file system without shared memory, or a build of SQLite with other
/// defaults, may ignore them without an error.
pub(crate) fn verify(connection: &Connection) -> Result<(), OpenError> {
    for (pragma, required) in REQUIRED {
        let found = value(connection, pragma).unwrap_or_else(|error| error.to_string());
        if found != required {
            let setting = pragma.trim_start_matches("pragma ");
            return Err(OpenError::WeakSetting { setting, found, required });
        }
    }
    Ok(())
}

fn value(connection: &Connection, pragma: &str) -> rusqlite::Result<String> {
    connection.query_row(pragma, [], |row| match row.get_ref(0)? {
        ValueRef::Integer(number) => Ok(number.to_string()),
        value => Ok(value.as_str()?.to_owned()),
    })
}
