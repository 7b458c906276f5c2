//! Opens a database: locks and recognises the file, verifies the settings and migrates the schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tokio::task::{JoinError, spawn_blocking};

use crate::error_mapping::{is_not_a_database, reason};
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{OpenError, SqliteStore, connection_settings, migrations};

/// `Sock` in ASCII, which the first migration writes into the file's header.
const APPLICATION_ID: i64 = 0x536f_636b;

impl SqliteStore {
    /// Opens the database in a file. Creates the file if it does not exist, and migrates the schema to
    /// this version.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let inaccessible = |error: JoinError| OpenError::Inaccessible {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let file = path.to_owned();
        spawn_blocking(move || open(&file)).await.map_err(inaccessible)?
    }
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    let path = locate(path)?;
    let lock = lock(&path)?;
    create(&path)?;
    recognise(&path)?;
    let mut connection =
        connection_settings::open_for_writing(&path).map_err(|error| refused(&path, &error))?;
    connection_settings::verify(&connection)?;
    migrations::migrate(&path, &mut connection)?;
    let writer = Writer::start(path.clone(), connection).map_err(|error| {
        OpenError::Inaccessible { path: path.clone(), reason: error.to_string() }
    })?;
    Ok(SqliteStore { writer, readers: Readers::new(path), lock })
}

/// The canonical path of the file, so that all names of it use the same lock.
fn locate(path: &Path) -> Result<PathBuf, OpenError> {
    let inaccessible = |reason: String| OpenError::Inaccessible { path: path.to_owned(), reason };
    if path.is_dir() {
        return Err(OpenError::Directory(path.to_owned()));
    }
    let name = path.file_name().ok_or_else(|| inaccessible("it names no file".to_owned()))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder = folder.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => OpenError::NoFolder(folder.to_owned()),
        _ => inaccessible(error.to_string()),
    })?;
    Ok(path.canonicalize().unwrap_or_else(|_| folder.join(name)))
}

/// Locks the database. The system releases the lock when the process ends, however it ends.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let inaccessible = |error: std::io::Error| OpenError::Inaccessible {
        path: PathBuf::from(&name),
        reason: error.to_string(),
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(inaccessible)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(inaccessible(error)),
    }
}

/// Creates the file, readable only by its owner. SQLite gives the files beside it the same
/// permissions.
fn create(path: &Path) -> Result<(), OpenError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            let reason = error.to_string();
            Err(OpenError::Inaccessible { path: path.to_owned(), reason })
        }
        _ => Ok(()),
    }
}

/// Checks that the file is empty or a database of this program, before anything is changed.
fn recognise(path: &Path) -> Result<(), OpenError> {
    const IS_OURS_OR_EMPTY: &str = "select (select application_id from pragma_application_id) = ? \
                                    or not exists (select * from sqlite_schema)";
    let is_ours_or_empty = connection_settings::open(path).and_then(|connection| {
        connection.query_row(IS_OURS_OR_EMPTY, [APPLICATION_ID], |row| row.get(0))
    });
    match is_ours_or_empty {
        Ok(true) => Ok(()),
        Ok(false) => Err(OpenError::NotADatabase(path.to_owned())),
        Err(error) => Err(refused(path, &error)),
    }
}

fn refused(path: &Path, error: &rusqlite::Error) -> OpenError {
    if is_not_a_database(error) {
        return OpenError::NotADatabase(path.to_owned());
    }
    OpenError::Inaccessible { path: path.to_owned(), reason: reason(error) }
}
