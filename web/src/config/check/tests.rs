//! What is a configuration, and what is told about one that is none.

use std::ffi::OsString;

use super::super::{ConfigError, Role, StoreUrl, Task};
use super::*;

fn read(line: &[&str]) -> Result<Config, ConfigError> {
    Config::read(["sockbit"].iter().chain(line).map(OsString::from))
}

fn mistakes(line: &[&str]) -> Vec<Mistake> {
    match read(line) {
        Err(ConfigError::Mistakes(mistakes)) => mistakes.0,
        other => panic!("expected mistakes, got {other:?}"),
    }
}

#[test]
fn the_defaults_are_a_configuration() {
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
fn every_mistake_is_told_at_once_and_by_name() {
    let found = mistakes(&["--listen", "here", "--store", "tape:", "--note-bytes", "0"]);
    let flags: Vec<&str> = found.iter().map(|it| it.flag).collect();
    assert_eq!(flags, ["--listen", "--store", "--note-bytes"]);
    assert!(Mistakes(found).to_string().contains("--note-bytes (SOCKBIT_NOTE_BYTES): "));
}

#[test]
fn a_mistaken_secret_is_named_and_not_shown() {
    let found = mistakes(&["--secret", "hunter2"]);
    assert!(!Mistakes(found).to_string().contains("hunter2"));
}

#[test]
fn the_configuration_shows_no_secret() {
    let config = read(&["--secret", "0123456789abcdef0123456789abcdef"]).expect("a secret");
    assert!(!format!("{config:?}").contains("0123456789"));
}

#[test]
fn sizes_may_have_a_unit() {
    for (text, bytes) in
        [("65536", Some(65_536)), ("64KiB", Some(65_536)), ("8 MiB", Some(8 << 20))]
    {
        assert_eq!(plain_number(text), bytes, "{text}");
    }
    for text in ["", "KiB", "64kb", "-1", "99999999999999999999", "99999999999GiB"] {
        assert_eq!(plain_number(text), None, "{text}");
    }
}

#[test]
fn a_time_to_go_away_that_is_none_is_told_by_name() {
    let config = read(&["--drain-within", "30s"]).expect("a configuration");
    assert_eq!(config.drain_within, Duration::from_secs(30));
    assert_eq!(flags(&[&["--drain-within", "1s"]]), ["--drain-within"]);
}

#[test]
fn a_message_has_room_for_every_command_and_the_longest_note() {
    for line in [
        &["--message-bytes", "256KiB"][..],
        &["--note-bytes", "1MiB", "--message-bytes", "2102KiB"],
    ] {
        read(line).expect("there is room");
    }
    for line in [&["--message-bytes", "255KiB"][..], &["--note-bytes", "1MiB"]] {
        let [mistake] = &mistakes(line)[..] else { panic!("one mistake of {line:?}") };
        assert_eq!(mistake.flag, "--message-bytes");
        assert!(mistake.problem.contains("at least"), "{}", mistake.problem);
    }
}

#[test]
fn an_address_may_be_a_name() {
    let config = read(&["--listen", "localhost:3999"]).expect("a configuration");
    assert!(config.listen.ip().is_loopback() && config.listen.port() == 3999);
    let [mistake] = &mistakes(&["--listen", ":3999"])[..] else { panic!("one mistake") };
    assert!(mistake.problem.contains("0.0.0.0:3000"), "{}", mistake.problem);
}

#[test]
fn a_store_that_forgets_needs_no_secret_file() {
    let config = read(&["--store", "memory:"]).expect("a configuration");
    assert!(matches!(config.task, Task::Run(Role::Serve { secret: SecretSource::Fresh, .. })));
}

#[test]
fn settings_may_stand_behind_the_command() {
    let config = read(&["serve", "--listen", "127.0.0.1:4000"]).expect("a configuration");
    assert_eq!(config.listen.port(), 4000);
}

const KEYS: [&str; 2] = ["--bus-keys", "a:0123456789abcdef0123456789abcdef"];
const SECRET: [&str; 2] = ["--secret", "0123456789abcdef0123456789abcdef"];
const RABBITMQ: [&str; 2] = ["--bus", "amqp://me:hunter2@mq/"];
const POSTGRES: [&str; 2] = ["--store", "postgres://me:hunter2@db/notes"];

/// The flags that are complained of.
fn flags(parts: &[&[&str]]) -> Vec<&'static str> {
    mistakes(&parts.concat()).iter().map(|it| it.flag).collect()
}

#[test]
fn a_gateway_has_a_bus_and_a_secret_and_no_database() {
    let config = read(&[&["gateway"], &KEYS[..], &SECRET, &RABBITMQ].concat()).expect("whole");
    let Task::Run(Role::Gateway { bus, .. }) = &config.task else { panic!("{config:?}") };
    assert_eq!(bus.work_queues, 16);
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(flags(&[&["gateway"]]), ["--secret", "--bus", "--bus-keys"]);
    assert_eq!(flags(&[&["gateway"], &KEYS, &SECRET, &RABBITMQ, &POSTGRES]), ["--store"]);
}

#[test]
fn a_worker_has_a_shared_database_and_a_bus() {
    let config = read(&[&["worker"], &KEYS[..], &RABBITMQ, &POSTGRES].concat()).expect("whole");
    assert!(matches!(&config.task, Task::Run(Role::Worker { store: StoreUrl::Postgres(_), .. })));
    assert_eq!(config.listen.port(), 3001);
    assert_eq!(flags(&[&["worker"]]), ["--store", "--bus", "--bus-keys"]);
    for store in ["memory:", "sqlite:notes.db"] {
        assert_eq!(flags(&[&["worker"], &KEYS, &RABBITMQ, &["--store", store]]), ["--store"]);
    }
}

#[test]
fn one_process_may_serve_on_servers_too() {
    read(&[&KEYS[..], &SECRET, &RABBITMQ, &POSTGRES].concat()).expect("all on servers");
    read(&[&SECRET[..], &POSTGRES].concat()).expect("its own bus");
    assert_eq!(flags(&[&POSTGRES]), ["--secret"]);
    assert_eq!(flags(&[&KEYS, &RABBITMQ]), ["--store"], "SQLite serves a single process");
}

#[test]
fn what_is_given_and_mistaken_is_told_once() {
    assert_eq!(
        flags(&[&["worker", "--store", "tape:", "--bus", "pigeon:", "--bus-keys", "short"]]),
        ["--store", "--bus", "--bus-keys"]
    );
}
