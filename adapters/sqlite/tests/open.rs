//! A database is opened when that is safe, and otherwise refused in one clear sentence.

use std::path::{Path, PathBuf};

use sockbit_application::ports::{DecisionStore, ReadStore, StoreHealth};
use sockbit_sqlite::{OpenError, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

fn folder() -> TempDir {
    TempDir::new().expect("there is room for a folder")
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("sockbit.db")
}

/// The error, and its message for the operator.
async fn refusal(path: &Path) -> (OpenError, String) {
    let Err(error) = SqliteStore::open(path).await else {
        panic!("{} was opened", path.display());
    };
    let sentence = error.to_string();
    assert!(!sentence.contains('\n'), "one line: {sentence}");
    (error, sentence)
}

/// Runs a statement past the store.
async fn tamper(path: &Path, statement: &str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.expect("it is a database");
    let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
    statement.execute(&mut connection).await.expect("the statement is right");
    connection.close().await.expect("it closes");
}

async fn opened_once(path: &Path) {
    SqliteStore::open(path).await.expect("it opens").close().await;
}

#[tokio::test]
async fn a_new_file_is_filled_and_found_again() {
    let folder = folder();
    opened_once(&database(&folder)).await;
    let store = SqliteStore::open(&database(&folder)).await.expect("it opens again");
    assert_eq!(store.check().await, Ok(()));
}

#[tokio::test]
async fn an_empty_file_is_filled() {
    let folder = folder();
    std::fs::write(database(&folder), "").expect("the file can be written");
    opened_once(&database(&folder)).await;
}

#[tokio::test]
async fn a_second_opening_is_refused_while_the_first_lasts() {
    let folder = folder();
    let path = database(&folder);
    let first = SqliteStore::open(&path).await.expect("it opens");
    let (error, sentence) = refusal(&path).await;
    assert!(matches!(error, OpenError::Locked(_)), "{sentence}");
    assert!(sentence.contains("is open in another process; end that one first"), "{sentence}");
    drop(first);
    opened_once(&path).await;
}

#[cfg(unix)]
#[tokio::test]
async fn another_name_for_the_same_file_meets_the_same_lock() {
    let folder = folder();
    let _first = SqliteStore::open(&database(&folder)).await.expect("it opens");
    let name = folder.path().join("alias.db");
    std::os::unix::fs::symlink(database(&folder), &name).expect("links can be made");
    let (error, sentence) = refusal(&name).await;
    assert!(matches!(error, OpenError::Locked(_)), "{sentence}");
    let roundabout = folder.path().join(".").join("sockbit.db");
    assert!(matches!(refusal(&roundabout).await.0, OpenError::Locked(_)));
}

#[tokio::test]
async fn a_closed_store_refuses_and_lets_go() {
    let folder = folder();
    let store = SqliteStore::open(&database(&folder)).await.expect("it opens");
    store.close().await;
    assert!(store.commit(&[]).await.is_err());
    assert!(store.heads(&[]).await.is_err());
    assert!(store.check().await.is_err());
    opened_once(&database(&folder)).await;
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let folder = folder();
    let path = database(&folder);
    opened_once(&path).await;
    let row =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
               values (9999, 'later', true, x'00', 0)";
    tamper(&path, row).await;
    let before = std::fs::read(&path).expect("it can be read");
    let (error, sentence) = refusal(&path).await;
    assert!(matches!(error, OpenError::Newer { schema: 9999, .. }), "{sentence}");
    assert!(sentence.contains("is from a newer version of SockBit"), "{sentence}");
    assert_eq!(std::fs::read(&path).expect("it can be read"), before);
}

#[tokio::test]
async fn a_database_of_another_build_is_refused() {
    let folder = folder();
    let path = database(&folder);
    opened_once(&path).await;
    tamper(&path, "update _sqlx_migrations set checksum = x'00'").await;
    let (error, sentence) = refusal(&path).await;
    assert!(matches!(error, OpenError::Altered { schema: 1, .. }), "{sentence}");
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_and_left_alone() {
    let folder = folder();
    let path = database(&folder);
    let letter = "Dear reader, this is a letter and not a database. ".repeat(100);
    std::fs::write(&path, &letter).expect("the file can be written");
    let (error, sentence) = refusal(&path).await;
    assert!(matches!(error, OpenError::NotADatabase(_)), "{sentence}");
    assert!(sentence.contains("is not a SockBit database"), "{sentence}");
    assert_eq!(std::fs::read_to_string(&path).expect("it can be read"), letter);
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_left_alone() {
    let folder = folder();
    let path = database(&folder);
    tamper(&path, "create table theirs (id integer)").await;
    let before = std::fs::read(&path).expect("it can be read");
    let (error, sentence) = refusal(&path).await;
    assert!(matches!(error, OpenError::NotADatabase(_)), "{sentence}");
    assert_eq!(std::fs::read(&path).expect("it can be read"), before);
}

#[tokio::test]
async fn a_directory_is_refused() {
    let folder = folder();
    let (error, sentence) = refusal(folder.path()).await;
    assert!(matches!(error, OpenError::Directory(_)), "{sentence}");
    assert!(sentence.contains("is a directory; name a file in it"), "{sentence}");
}

#[tokio::test]
async fn a_missing_folder_is_named_and_not_made() {
    let folder = folder();
    let missing = folder.path().join("missing");
    let (error, sentence) = refusal(&missing.join("sockbit.db")).await;
    assert!(matches!(error, OpenError::NoFolder(_)), "{sentence}");
    assert!(
        sentence
            .contains(&format!("the folder {} does not", folder.path().join("missing").display()))
    );
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_file_in_the_place_of_a_folder_is_refused() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("the file can be written");
    let (error, sentence) = refusal(&file.join("sockbit.db")).await;
    assert!(matches!(error, OpenError::Inaccessible { .. }), "{sentence}");
}

/// Files cannot be created in `/proc`, not even by the superuser.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_place_that_cannot_be_written_to_is_refused() {
    let (error, sentence) = refusal(Path::new("/proc/sockbit.db")).await;
    assert!(matches!(error, OpenError::Inaccessible { .. }), "{sentence}");
    assert!(sentence.contains("/proc/sockbit.db.lock cannot be opened or created"), "{sentence}");
}

#[tokio::test]
async fn a_path_that_names_no_file_is_refused() {
    let (error, sentence) = refusal(Path::new("")).await;
    assert!(matches!(error, OpenError::Inaccessible { .. }), "{sentence}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_database_is_for_nobody_else_on_the_machine() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    opened_once(&database(&folder)).await;
    let rights = std::fs::metadata(database(&folder)).expect("it is there").permissions().mode();
    assert_eq!(rights & 0o777, 0o600);
}
