//! Valid configurations, and the problems reported for invalid ones.

use std::ffi::OsString;

use super::super::errors::ConfigProblem;
use super::super::role::{Role, Task};
use super::super::store_and_bus_urls::StoreUrl;
use super::*;

fn read(line: &[&str]) -> Result<Config, ConfigError> {
    Config::read(["sockbit"].iter().chain(line).map(OsString::from))
}

fn problems(line: &[&str]) -> Vec<ConfigProblem> {
    match read(line) {
        Err(ConfigError::Invalid(problems)) => problems.0,
        other => panic!("expected problems, got {other:?}"),
    }
}

#[test]
fn the_defaults_are_valid() {
    let config = read(&[]).expect("the defaults");
    let Task::Run(Role::Serve { store, bus: None, secret: SecretSource::File(secret) }) =
        config.task
    else {
        panic!("{:?}", config.task);
    };
    assert_eq!(store, StoreUrl::Sqlite("data/sockbit.db".into()));
    assert!(secret.ends_with("data/sockbit.secret"));
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.gateway.connections_per_actor_max, 10);
    assert_eq!(config.compact_after, Some(Duration::from_hours(7 * 24)));
    assert_eq!(config.drain_within, Duration::from_secs(10));
}

#[test]
fn all_problems_are_reported_with_their_flags() {
    let found = problems(&["--listen", "here", "--store", "tape:", "--note-bytes", "0"]);
    let flags: Vec<&str> = found.iter().map(|it| it.flag).collect();
    assert_eq!(flags, ["--listen", "--store", "--note-bytes"]);
    assert!(ConfigProblems(found).to_string().contains("--note-bytes (SOCKBIT_NOTE_BYTES): "));
}

#[test]
fn an_invalid_secret_is_reported_but_not_shown() {
    let found = problems(&["--secret", "hunter2"]);
    assert!(!ConfigProblems(found).to_string().contains("hunter2"));
}

#[test]
fn the_debug_output_shows_no_secret() {
    let config = read(&["--secret", "0123456789abcdef0123456789abcdef"]).expect("a secret");
    assert!(!format!("{config:?}").contains("0123456789"));
}

#[test]
fn an_invalid_drain_time_is_reported() {
    let config = read(&["--drain-within", "30s"]).expect("a configuration");
    assert_eq!(config.drain_within, Duration::from_secs(30));
    assert_eq!(flags(&[&["--drain-within", "1s"]]), ["--drain-within"]);
}

#[test]
fn every_command_and_the_longest_note_must_fit_into_a_message() {
    for line in [
        &["--message-bytes", "256KiB"][..],
        &["--note-bytes", "1MiB", "--message-bytes", "2102KiB"],
    ] {
        read(line).expect("it fits");
    }
    for line in [&["--message-bytes", "255KiB"][..], &["--note-bytes", "1MiB"]] {
        let [found] = &problems(line)[..] else { panic!("one problem of {line:?}") };
        assert_eq!(found.flag, "--message-bytes");
        assert!(found.problem.contains("at least"), "{}", found.problem);
    }
}

#[test]
fn the_listen_address_may_be_a_host_name() {
    let config = read(&["--listen", "localhost:3999"]).expect("a configuration");
    assert!(config.listen.ip().is_loopback() && config.listen.port() == 3999);
    let [found] = &problems(&["--listen", ":3999"])[..] else { panic!("one problem") };
    assert!(found.problem.contains("0.0.0.0:3000"), "{}", found.problem);
}

#[test]
fn a_memory_store_needs_no_secret_file() {
    let config = read(&["--store", "memory:"]).expect("a configuration");
    assert!(matches!(config.task, Task::Run(Role::Serve { secret: SecretSource::Random, .. })));
}

#[test]
fn flags_may_follow_the_command() {
    let config = read(&["serve", "--listen", "127.0.0.1:4000"]).expect("a configuration");
    assert_eq!(config.listen.port(), 4000);
}

const KEYS: [&str; 2] = ["--bus-keys", "a:0123456789abcdef0123456789abcdef"];
const SECRET: [&str; 2] = ["--secret", "0123456789abcdef0123456789abcdef"];
const RABBITMQ: [&str; 2] = ["--bus", "amqp://me:hunter2@mq/"];
const POSTGRES: [&str; 2] = ["--store", "postgres://me:hunter2@db/notes"];

/// The flags with problems.
fn flags(parts: &[&[&str]]) -> Vec<&'static str> {
    problems(&parts.concat()).iter().map(|it| it.flag).collect()
}

#[test]
fn a_gateway_requires_a_bus_and_a_secret_and_no_database() {
    let config = read(&[&["gateway"], &KEYS[..], &SECRET, &RABBITMQ].concat()).expect("whole");
    let Task::Run(Role::Gateway { bus, .. }) = &config.task else { panic!("{config:?}") };
    assert_eq!(bus.work_queues, 16);
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(flags(&[&["gateway"]]), ["--secret", "--bus", "--bus-keys"]);
    assert_eq!(flags(&[&["gateway"], &KEYS, &SECRET, &RABBITMQ, &POSTGRES]), ["--store"]);
}

#[test]
fn broken_queues_are_deleted_unless_that_is_turned_off() {
    let delete = |flags: &[&str]| {
        let config = read(&[&["worker"], &KEYS[..], &RABBITMQ, &POSTGRES, flags].concat());
        let Task::Run(Role::Worker { bus, .. }) = config.expect("whole").task else { panic!() };
        bus.delete_broken_queues
    };
    assert!(delete(&[]));
    assert!(!delete(&["--delete-broken-queues", "off"]));
    let wrong = ["--delete-broken-queues", "maybe"];
    let wrong = [&["worker"], &KEYS[..], &RABBITMQ, &POSTGRES, &wrong];
    assert_eq!(flags(&wrong), ["--delete-broken-queues"]);
}

#[test]
fn a_worker_requires_a_shared_database_and_a_bus() {
    let config = read(&[&["worker"], &KEYS[..], &RABBITMQ, &POSTGRES].concat()).expect("whole");
    assert!(matches!(&config.task, Task::Run(Role::Worker { store: StoreUrl::Postgres(_), .. })));
    assert_eq!(config.listen.port(), 3001);
    assert_eq!(flags(&[&["worker"]]), ["--store", "--bus", "--bus-keys"]);
    for store in ["memory:", "sqlite:notes.db"] {
        assert_eq!(flags(&[&["worker"], &KEYS, &RABBITMQ, &["--store", store]]), ["--store"]);
    }
}

#[test]
fn one_process_may_use_a_database_server_and_a_broker() {
    read(&[&KEYS[..], &SECRET, &RABBITMQ, &POSTGRES].concat()).expect("all on servers");
    read(&[&SECRET[..], &POSTGRES].concat()).expect("its own bus");
    assert_eq!(flags(&[&POSTGRES]), ["--secret"]);
    assert_eq!(flags(&[&KEYS, &RABBITMQ]), ["--store"], "SQLite serves a single process");
}

#[test]
fn an_invalid_required_value_is_reported_once() {
    assert_eq!(
        flags(&[&["worker", "--store", "tape:", "--bus", "pigeon:", "--bus-keys", "short"]]),
        ["--store", "--bus", "--bus-keys"]
    );
}
