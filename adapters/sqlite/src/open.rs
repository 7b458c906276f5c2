//! Opens a database: locks and recognises the file, verifies the settings and migrates the schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};

use crate::error_mapping::{READ_TIMEOUT, is_not_a_database, reason};
use crate::write_connection::WriteConnection;
use crate::{OpenError, SqliteStore, connection_settings};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// Reads are short; more connections would only wait for the same disk.
const READERS_MAX: u32 = 4;
/// `Sock` in ASCII, which the first migration writes into the file's header.
const APPLICATION_ID: i64 = 0x536f_636b;

impl SqliteStore {
    /// Opens the database in a file. Creates the file if it does not exist, and migrates the schema to
    /// this version.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let path = locate(path)?;
        let lock = lock(&path)?;
        create(&path)?;
        recognise(&path).await?;
        let options = connection_settings::for_writing(&path);
        let connection = prepare(&path, options.clone()).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(READ_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(connection_settings::for_reading(&path))
            .await
            .map_err(|it| refused(&path, &it))?;
        Ok(Self { writer: WriteConnection::new(options, connection), readers, lock })
    }
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
async fn recognise(path: &Path) -> Result<(), OpenError> {
    const IS_OURS_OR_EMPTY: &str = "select (select application_id from pragma_application_id) = ? \
                                    or not exists (select * from sqlite_schema)";
    let looking = async {
        let options = SqliteConnectOptions::new().filename(path);
        let mut connection = options.disable_statement_logging().connect().await?;
        let is_ours_or_empty: bool = sqlx::query_scalar(IS_OURS_OR_EMPTY)
            .bind(APPLICATION_ID)
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(is_ours_or_empty)
    };
    match looking.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(OpenError::NotADatabase(path.to_owned())),
        Err(error) => Err(refused(path, &error)),
    }
}

/// Verifies the settings, migrates the schema and returns the connection for writing.
async fn prepare(
    path: &Path,
    options: SqliteConnectOptions,
) -> Result<SqliteConnection, OpenError> {
    let refused = |error| refused(path, &error);
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(refused)?;
    connection_settings::verify(&mut *pool.acquire().await.map_err(refused)?).await?;
    migrate(path, &pool).await?;
    let connection = pool.acquire().await.map_err(refused)?.detach();
    pool.close().await;
    Ok(connection)
}

async fn migrate(path: &Path, pool: &SqlitePool) -> Result<(), OpenError> {
    let path = path.to_owned();
    MIGRATIONS.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(schema) => OpenError::Newer { path, schema },
        MigrateError::VersionMismatch(schema) => OpenError::Altered { path, schema },
        error => OpenError::Migration { path, reason: error.to_string() },
    })
}

fn refused(path: &Path, error: &sqlx::Error) -> OpenError {
    if is_not_a_database(error) {
        return OpenError::NotADatabase(path.to_owned());
    }
    OpenError::Inaccessible { path: path.to_owned(), reason: reason(error) }
}
