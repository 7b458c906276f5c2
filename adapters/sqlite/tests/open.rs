//! A database is opened if that is safe, and refused with one message otherwise.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sockbit_application::ports::{DecisionStore, ReadStore, StoreHealth};
use sockbit_sqlite::{OpenError, SqliteStore};
use tempfile::TempDir;

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("sockbit.db")
}

/// The error of opening, and its message.
async fn refusal(path: &Path) -> (OpenError, String) {
    let Err(error) = SqliteStore::open(path).await else {
        panic!("{} was opened", path.display());
    };
    let message = error.to_string();
    assert!(!message.contains('\n'), "it is one line: {message}");
    (error, message)
}

/// Runs a statement without the store.
fn tamper(path: &Path, statement: &str) {
    let connection = Connection::open(path).expect("it is a database");
    connection.execute_batch(statement).expect("a valid statement");
    connection.close().expect("it closes");
}

async fn opened_once(path: &Path) {
    SqliteStore::open(path).await.expect("it opens").close().await;
}

#[tokio::test]
async fn a_new_file_is_created_and_opened_again() {
    let folder = folder();
    opened_once(&database(&folder)).await;
    let store = SqliteStore::open(&database(&folder)).await.expect("it opens again");
    assert_eq!(store.check().await, Ok(()));
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let folder = folder();
    std::fs::write(database(&folder), "").expect("the file can be written");
    opened_once(&database(&folder)).await;
}

#[tokio::test]
async fn a_database_that_is_open_is_refused() {
    let folder = folder();
    let path = database(&folder);
    let first = SqliteStore::open(&path).await.expect("it opens");
    let (error, message) = refusal(&path).await;
    assert!(matches!(error, OpenError::Locked(_)), "{message}");
    assert!(message.contains("is open in another process; end that one first"), "{message}");
    drop(first);
    opened_once(&path).await;
}

#[cfg(unix)]
#[tokio::test]
async fn another_path_of_an_open_database_is_refused() {
    let folder = folder();
    let _first = SqliteStore::open(&database(&folder)).await.expect("it opens");
    let name = folder.path().join("alias.db");
    std::os::unix::fs::symlink(database(&folder), &name).expect("a symbolic link");
    let (error, message) = refusal(&name).await;
    assert!(matches!(error, OpenError::Locked(_)), "{message}");
    let dotted = folder.path().join(".").join("sockbit.db");
    assert!(matches!(refusal(&dotted).await.0, OpenError::Locked(_)));
}

#[tokio::test]
async fn a_closed_store_refuses_calls_and_can_be_opened_again() {
    let folder = folder();
    let store = SqliteStore::open(&database(&folder)).await.expect("it opens");
    store.close().await;
    assert!(store.commit(&[]).await.is_err());
    assert!(store.heads(&[]).await.is_err());
    assert!(store.check().await.is_err());
    opened_once(&database(&folder)).await;
}

#[tokio::test]
async fn a_newer_database_is_refused_and_not_changed() {
    let folder = folder();
    let path = database(&folder);
    opened_once(&path).await;
    let row =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
               values (9999, 'later', true, x'00', 0)";
    tamper(&path, row);
    let before = std::fs::read(&path).expect("it can be read");
    let (error, message) = refusal(&path).await;
    assert!(matches!(error, OpenError::Newer { schema: 9999, .. }), "{message}");
    assert!(message.contains("is from a newer version of SockBit"), "{message}");
    assert_eq!(std::fs::read(&path).expect("it can be read"), before);
}

#[tokio::test]
async fn a_database_of_another_build_is_refused() {
    let folder = folder();
    let path = database(&folder);
    opened_once(&path).await;
    tamper(&path, "update _sqlx_migrations set checksum = x'00'");
    let (error, message) = refusal(&path).await;
    assert!(matches!(error, OpenError::Altered { schema: 1, .. }), "{message}");
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_and_not_changed() {
    let folder = folder();
    let path = database(&folder);
    let letter = "Dear reader, this is a letter and not a database. ".repeat(100);
    std::fs::write(&path, &letter).expect("the file can be written");
    let (error, message) = refusal(&path).await;
    assert!(matches!(error, OpenError::NotADatabase(_)), "{message}");
    assert!(message.contains("is not a SockBit database"), "{message}");
    assert_eq!(std::fs::read_to_string(&path).expect("it can be read"), letter);
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_not_changed() {
    let folder = folder();
    let path = database(&folder);
    tamper(&path, "create table theirs (id integer)");
    let before = std::fs::read(&path).expect("it can be read");
    let (error, message) = refusal(&path).await;
    assert!(matches!(error, OpenError::NotADatabase(_)), "{message}");
    assert_eq!(std::fs::read(&path).expect("it can be read"), before);
}

#[tokio::test]
async fn a_directory_is_refused() {
    let folder = folder();
    let (error, message) = refusal(folder.path()).await;
    assert!(matches!(error, OpenError::Directory(_)), "{message}");
    assert!(message.contains("is a directory; name a file in it"), "{message}");
}

#[tokio::test]
async fn a_missing_folder_is_named_and_not_created() {
    let folder = folder();
    let missing = folder.path().join("missing");
    let (error, message) = refusal(&missing.join("sockbit.db")).await;
    assert!(matches!(error, OpenError::NoFolder(_)), "{message}");
    assert!(
        message
            .contains(&format!("the folder {} does not", folder.path().join("missing").display()))
    );
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_file_instead_of_a_folder_is_refused() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("the file can be written");
    let (error, message) = refusal(&file.join("sockbit.db")).await;
    assert!(matches!(error, OpenError::Inaccessible { .. }), "{message}");
}

/// Files cannot be created in `/proc`, not even by the superuser.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_folder_is_refused() {
    let (error, message) = refusal(Path::new("/proc/sockbit.db")).await;
    assert!(matches!(error, OpenError::Inaccessible { .. }), "{message}");
    assert!(message.contains("/proc/sockbit.db.lock cannot be opened or created"), "{message}");
}

#[tokio::test]
async fn an_empty_path_is_refused() {
    let (error, message) = refusal(Path::new("")).await;
    assert!(matches!(error, OpenError::Inaccessible { .. }), "{message}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_a_new_database() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    opened_once(&database(&folder)).await;
    let mode = std::fs::metadata(database(&folder)).expect("it exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
