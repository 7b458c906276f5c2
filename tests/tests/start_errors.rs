//! A program that cannot start prints the reason in one line and exits.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;
use sockbit_tests::servers::{Database, bus_url, fresh_namespace};
use sockbit_tests::system::{App, Cluster, Process};
use tempfile::TempDir;

/// Runs the program with these flags until it exits.
fn run(flags: &[&str]) -> Output {
    let app = App::unstarted(&[]);
    let program = app.command().as_std().get_program().to_owned();
    let mut command = Command::new(program);
    command.args(flags).stdin(Stdio::null()).env_clear();
    command.output().expect("the program runs")
}

/// Its error output. It must fail with this exit code and print this many lines.
fn error_of(flags: &[&str], code: i32, lines: usize) -> String {
    let output = run(flags);
    let error = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert_eq!(error.lines().count(), lines, "{error}");
    assert!(error.lines().all(|line| line.starts_with("sockbit: ")), "{error}");
    assert!(output.stdout.is_empty(), "it prints no start message");
    error
}

fn open_error(path: &Path) -> String {
    let store = format!("sqlite:{}", path.display());
    error_of(&["--listen", "127.0.0.1:0", "--store", &store], 1, 1)
}

fn folder() -> TempDir {
    TempDir::with_prefix("sockbit-test-").expect("a temporary folder")
}

#[test]
fn all_problems_of_the_configuration_are_reported_together() {
    let error = error_of(
        &["--listen", "nowhere", "--bus", "pigeon:", "--note-bytes", "none", "--log-format", "xml"],
        2,
        4,
    );
    for name in ["--listen (SOCKBIT_LISTEN)", "--bus", "--note-bytes", "--log-format"] {
        assert!(error.contains(name), "{name} in {error}");
    }
}

#[test]
fn an_unknown_flag_is_reported() {
    let output = run(&["--lisen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--lisen"));
}

#[test]
fn version_and_help_are_printed() {
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
async fn a_port_in_use_is_reported() {
    let app = App::start().await;
    let address = app.url().replace("http://", "");
    let error = error_of(&["--listen", &address, "--store", "memory:"], 1, 1);
    assert!(error.contains(&address) && error.contains("already in use"), "{error}");
}

#[tokio::test]
async fn a_database_in_use_by_another_process_is_reported() {
    let app = App::start().await;
    let error = open_error(&app.database());
    assert!(error.contains("open in another process"), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_reported_and_not_changed() {
    let mut app = App::start().await;
    app.stop().await;
    let database = Connection::open(app.database()).expect("the database");
    database
        .execute_batch("insert into _sqlx_migrations select 9000, description, installed_on, success, checksum, execution_time from _sqlx_migrations limit 1")
        .expect("a migration of the future");
    database.close().expect("closed");
    let before = std::fs::read(app.database()).expect("the file");
    let error = open_error(&app.database());
    assert!(error.contains("newer version") && error.contains("9000"), "{error}");
    assert!(std::fs::read(app.database()).expect("the file") == before, "the file is unchanged");
}

#[test]
fn a_folder_without_write_permission_is_reported() {
    let error = open_error(Path::new("/proc/sockbit.db"));
    assert!(error.contains("/proc/sockbit.db") && error.contains("cannot be opened"), "{error}");
}

#[test]
fn a_missing_folder_is_reported() {
    let folder = folder();
    let error = open_error(&folder.path().join("missing/sockbit.db"));
    assert!(error.contains("missing does not exist"), "{error}");
}

#[test]
fn a_directory_in_place_of_the_database_is_reported() {
    let folder = folder();
    let error = open_error(folder.path());
    assert!(error.contains("is a directory"), "{error}");
}

#[test]
fn a_file_other_than_a_database_is_reported_and_not_changed() {
    let folder = folder();
    let path = folder.path().join("text.txt");
    let text = "Dear Ada, ".repeat(1_000);
    std::fs::write(&path, &text).expect("a file");
    let error = open_error(&path);
    assert!(error.contains("not a SockBit database"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), text);
}

#[test]
fn a_short_secret_is_reported_but_not_shown() {
    let error = error_of(&["--secret", "hunter2"], 2, 1);
    assert!(error.contains("--secret") && !error.contains("hunter2"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_can_read_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("secret");
    std::fs::write(&path, "0123456789abcdef0123456789abcdef").expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).expect("permissions");
    let flags = ["--listen", "127.0.0.1:0", "--store", "memory:", "--secret-file"];
    let path = path.display().to_string();
    let error = error_of(&[&flags[..], &[&path]].concat(), 1, 1);
    assert!(error.contains("chmod 600"), "{error}");
    assert!(!error.contains("0123456789abcdef"), "{error}");
}

#[test]
fn migrate_creates_the_database_and_exits() {
    let folder = folder();
    let path = folder.path().join("sockbit.db");
    let store = format!("sqlite:{}", path.display());
    for _ in 0..2 {
        let output = run(&["migrate", "--store", &store]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(path.is_file());
}

/// Flags that every process on a bus needs.
const BUS_FLAGS: [&str; 2] = ["--bus-keys", "test:0123456789abcdef0123456789abcdef"];
const SECRET: [&str; 2] = ["--secret", "fedcba9876543210fedcba9876543210"];

/// An address on which nothing listens.
fn unused_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

/// The error of a gateway or worker that cannot start.
fn start_error(role: &str, own: &[&str]) -> String {
    let flags = [&[role, "--listen", "127.0.0.1:0"], &BUS_FLAGS[..], own].concat();
    let error = error_of(&flags, 1, 1);
    assert!(!error.contains("hunter2"), "{error}");
    error
}

#[test]
fn an_unreachable_broker_is_reported_with_address_and_user() {
    let unused = unused_address();
    let bus = format!("amqp://me:hunter2@{unused}/%2f");
    let error = start_error("gateway", &[&["--bus", &bus], &SECRET[..]].concat());
    for part in ["--bus", "RabbitMQ cannot be reached", &unused, "\"me\""] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn an_unreachable_database_is_reported_with_address_and_user() {
    let unused = unused_address();
    let store = format!("postgres://me:hunter2@{unused}/notes");
    let error = start_error("worker", &["--bus", &bus_url(), "--store", &store]);
    for part in ["--store", "no PostgreSQL can be reached", &unused, "me"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[tokio::test]
async fn a_missing_database_on_a_server_is_reported() {
    let database = Database::fresh().await;
    let (server, _) = database.url().rsplit_once('/').expect("an address");
    let store = format!("{server}/no_such_notes");
    let error = start_error("worker", &["--bus", &bus_url(), "--store", &store]);
    for part in ["no_such_notes", "createdb", "--store"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[tokio::test]
async fn a_process_stops_on_sigterm_while_it_waits_for_a_server() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address");
    let (bus, store) =
        (format!("amqp://me@{address}/%2f"), format!("postgres://me@{address}/notes"));
    for mut waiting in [
        Cluster::gateway(&bus, &fresh_namespace(), &[]),
        Cluster::worker(&store, &bus, &fresh_namespace(), &[]),
    ] {
        waiting.spawn();
        let _unanswered = silent.accept().await.expect("it connects to the server");
        assert!(waiting.stop().await, "{}", waiting.log());
    }
}

#[test]
fn a_refused_login_at_the_broker_is_reported() {
    let bus = bus_url().replace("guest:guest@", "guest:hunter2@");
    let error = start_error("gateway", &[&["--bus", &bus], &SECRET[..]].concat());
    assert!(error.contains("refused the login") && error.contains("guest"), "{error}");
}

#[tokio::test]
async fn a_worker_with_another_number_of_work_queues_does_not_start() {
    let (database, namespace) = (Database::fresh().await, fresh_namespace());
    let worker = ["--bus", &bus_url(), "--store", database.url(), "--bus-namespace", &namespace];
    let mut first = Process::unstarted(
        [&["worker"], &BUS_FLAGS[..], &worker].concat().into_iter().map(Into::into).collect(),
    );
    first.launch().await;
    let error = start_error("worker", &[&worker[..], &["--work-queues", "3"]].concat());
    assert!(error.contains("set up with 16 work queues"), "{error}");
    assert!(first.stop().await);
}

#[test]
fn all_missing_and_forbidden_flags_of_a_role_are_reported_together() {
    let error = error_of(&["gateway", "--store", "sqlite:notes.db"], 2, 4);
    for flag in ["--store", "--secret", "--bus", "--bus-keys"] {
        assert!(error.contains(flag), "{flag} in {error}");
    }
    let error = error_of(&["worker", "--store", "sqlite:notes.db", "--bus", &bus_url()], 2, 2);
    assert!(error.contains("postgres://") && error.contains("--bus-keys"), "{error}");
}

#[test]
fn a_token_needs_a_permanent_secret_and_a_visible_name() {
    let error = error_of(&["token", "--name", "\u{200b}", "--store", "memory:"], 2, 2);
    assert!(error.contains("--secret") && error.contains("--name"), "{error}");
}
