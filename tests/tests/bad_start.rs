//! A program that cannot start says why in a line, and ends.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use sockbit_tests::servers::{Database, bus_url, fresh_namespace};
use sockbit_tests::system::{App, Cluster, Process};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

/// Runs the program with these flags to its end.
fn run(flags: &[&str]) -> Output {
    let app = App::unstarted(&[]);
    let program = app.command().as_std().get_program().to_owned();
    let mut command = Command::new(program);
    command.args(flags).stdin(Stdio::null()).env_clear();
    command.output().expect("the program runs")
}

/// What it said on standard error; it must have failed with this code, in so many lines.
fn complaint(flags: &[&str], code: i32, lines: usize) -> String {
    let output = run(flags);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), lines, "{said}");
    assert!(said.lines().all(|line| line.starts_with("sockbit: ")), "{said}");
    assert!(output.stdout.is_empty(), "nothing is announced that does not happen");
    said
}

fn cannot_open(path: &Path) -> String {
    let store = format!("sqlite:{}", path.display());
    complaint(&["--listen", "127.0.0.1:0", "--store", &store], 1, 1)
}

fn folder() -> TempDir {
    TempDir::with_prefix("sockbit-test-").expect("a temporary folder")
}

#[test]
fn every_mistake_in_the_configuration_is_told_at_once() {
    let said = complaint(
        &["--listen", "nowhere", "--bus", "pigeon:", "--note-bytes", "none", "--log-format", "xml"],
        2,
        4,
    );
    for name in ["--listen (SOCKBIT_LISTEN)", "--bus", "--note-bytes", "--log-format"] {
        assert!(said.contains(name), "{name} in {said}");
    }
}

#[test]
fn a_flag_that_does_not_exist_is_named() {
    let output = run(&["--lisen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--lisen"));
}

#[test]
fn it_tells_its_version_and_how_it_is_used() {
    let version = run(&["--version"]);
    assert!(version.status.success());
    assert!(String::from_utf8_lossy(&version.stdout).starts_with("sockbit 0."));
    let help = String::from_utf8(run(&["--help"]).stdout).expect("text");
    for flag in [
        "--listen",
        "SOCKBIT_LISTEN",
        "--store",
        "--secret-file",
        "SOCKBIT_DRAIN_WITHIN",
        "migrate",
    ] {
        assert!(help.contains(flag), "{flag} in {help}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let app = App::start().await;
    let address = app.url().replace("http://", "");
    let said = complaint(&["--listen", &address, "--store", "memory:"], 1, 1);
    assert!(said.contains(&address) && said.contains("already in use"), "{said}");
}

#[tokio::test]
async fn a_database_that_another_process_has_open_is_told() {
    let app = App::start().await;
    let said = cannot_open(&app.database());
    assert!(said.contains("open in another process"), "{said}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_told_and_left_alone() {
    let mut app = App::start().await;
    app.stop().await;
    let url = format!("sqlite:{}", app.database().display());
    let mut database = SqliteConnection::connect(&url).await.expect("the database");
    sqlx::query("insert into _sqlx_migrations select 9000, description, installed_on, success, checksum, execution_time from _sqlx_migrations limit 1")
        .execute(&mut database)
        .await
        .expect("a migration of the future");
    database.close().await.expect("closed");
    let before = std::fs::read(app.database()).expect("the file");
    let said = cannot_open(&app.database());
    assert!(said.contains("newer version") && said.contains("9000"), "{said}");
    assert!(std::fs::read(app.database()).expect("the file") == before, "the file is as it was");
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let said = cannot_open(Path::new("/proc/sockbit.db"));
    assert!(said.contains("/proc/sockbit.db") && said.contains("cannot be opened"), "{said}");
}

#[test]
fn a_folder_that_is_missing_is_told() {
    let folder = folder();
    let said = cannot_open(&folder.path().join("missing/sockbit.db"));
    assert!(said.contains("missing does not exist"), "{said}");
}

#[test]
fn a_directory_in_place_of_the_database_is_told() {
    let folder = folder();
    let said = cannot_open(folder.path());
    assert!(said.contains("is a directory"), "{said}");
}

#[test]
fn a_file_that_is_no_database_is_told_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("letter.txt");
    let letter = "Dear Ada, ".repeat(1_000);
    std::fs::write(&path, &letter).expect("a file");
    let said = cannot_open(&path);
    assert!(said.contains("not a SockBit database"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), letter);
}

#[test]
fn a_secret_that_is_too_short_is_told_and_not_shown() {
    let said = complaint(&["--secret", "hunter2"], 2, 1);
    assert!(said.contains("--secret") && !said.contains("hunter2"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("secret");
    std::fs::write(&path, "0123456789abcdef0123456789abcdef").expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).expect("rights");
    let flags = ["--listen", "127.0.0.1:0", "--store", "memory:", "--secret-file"];
    let path = path.display().to_string();
    let said = complaint(&[&flags[..], &[&path]].concat(), 1, 1);
    assert!(said.contains("chmod 600"), "{said}");
    assert!(!said.contains("0123456789abcdef"), "{said}");
}

#[test]
fn a_database_is_migrated_without_serving() {
    let folder = folder();
    let path = folder.path().join("sockbit.db");
    let store = format!("sqlite:{}", path.display());
    for _ in 0..2 {
        let output = run(&["migrate", "--store", &store]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(path.is_file());
}

/// What every process on a bus needs beside the addresses.
const ON_THE_BUS: [&str; 2] = ["--bus-keys", "test:0123456789abcdef0123456789abcdef"];
const SECRET: [&str; 2] = ["--secret", "fedcba9876543210fedcba9876543210"];

/// A port where nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// What a process in a cluster said that could not start.
fn cannot_join(role: &str, own: &[&str]) -> String {
    let flags = [&[role, "--listen", "127.0.0.1:0"], &ON_THE_BUS[..], own].concat();
    let said = complaint(&flags, 1, 1);
    assert!(!said.contains("hunter2"), "{said}");
    said
}

#[test]
fn a_gateway_without_its_broker_tells_where_and_as_whom_it_looked() {
    let nobody = nobody();
    let bus = format!("amqp://me:hunter2@{nobody}/%2f");
    let said = cannot_join("gateway", &[&["--bus", &bus], &SECRET[..]].concat());
    for part in ["--bus", "RabbitMQ cannot be reached", &nobody, "\"me\""] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn a_worker_without_its_database_tells_where_and_as_whom_it_looked() {
    let nobody = nobody();
    let store = format!("postgres://me:hunter2@{nobody}/notes");
    let said = cannot_join("worker", &["--bus", &bus_url(), "--store", &store]);
    for part in ["--store", "no PostgreSQL can be reached", &nobody, "me"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn a_database_that_is_missing_on_its_server_is_told() {
    let database = Database::fresh().await;
    let (server, _) = database.url().rsplit_once('/').expect("an address");
    let store = format!("{server}/no_such_notes");
    let said = cannot_join("worker", &["--bus", &bus_url(), "--store", &store]);
    for part in ["no_such_notes", "createdb", "--store"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn a_process_that_is_told_to_end_while_it_waits_for_a_server_ends_well() {
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = mute.local_addr().expect("an address");
    let (bus, store) =
        (format!("amqp://me@{address}/%2f"), format!("postgres://me@{address}/notes"));
    for mut waiting in [
        Cluster::gateway(&bus, &fresh_namespace(), &[]),
        Cluster::worker(&store, &bus, &fresh_namespace(), &[]),
    ] {
        waiting.spawn();
        let _unanswered = mute.accept().await.expect("it calls on the server");
        assert!(waiting.stop().await, "{}", waiting.log());
    }
}

#[test]
fn a_broker_that_refuses_the_login_is_told() {
    let bus = bus_url().replace("guest:guest@", "guest:hunter2@");
    let said = cannot_join("gateway", &[&["--bus", &bus], &SECRET[..]].concat());
    assert!(said.contains("refused the login") && said.contains("guest"), "{said}");
}

#[tokio::test]
async fn a_worker_that_counts_other_work_queues_than_its_database_does_not_start() {
    let (database, namespace) = (Database::fresh().await, fresh_namespace());
    let worker = ["--bus", &bus_url(), "--store", database.url(), "--bus-namespace", &namespace];
    let mut first = Process::unstarted(
        [&["worker"], &ON_THE_BUS[..], &worker].concat().into_iter().map(Into::into).collect(),
    );
    first.launch().await;
    let said = cannot_join("worker", &[&worker[..], &["--work-queues", "3"]].concat());
    assert!(said.contains("set up with 16 work queues"), "{said}");
    assert!(first.stop().await);
}

#[test]
fn what_a_role_lacks_or_must_not_have_is_told_at_once() {
    let said = complaint(&["gateway", "--store", "sqlite:notes.db"], 2, 4);
    for flag in ["--store", "--secret", "--bus", "--bus-keys"] {
        assert!(said.contains(flag), "{flag} in {said}");
    }
    let said = complaint(&["worker", "--store", "sqlite:notes.db", "--bus", &bus_url()], 2, 2);
    assert!(said.contains("postgres://") && said.contains("--bus-keys"), "{said}");
}

#[test]
fn a_token_needs_a_secret_that_lasts_and_a_name_that_can_be_seen() {
    let said = complaint(&["token", "--name", "\u{200b}", "--store", "memory:"], 2, 2);
    assert!(said.contains("--secret") && said.contains("--name"), "{said}");
}
