//! Each message serialises to its golden file and parses back from it.

use std::collections::BTreeSet;

use sockbit_domain::wire::{ClientMessage, Query, Reply, SentCommand, ServerMessage};
use sockbit_domain::{Change, Command, Outcome};

use crate::client_samples::client_messages;
use crate::enum_variants::variants;
use crate::golden_files::{files, kinds, value};
use crate::server_samples::server_messages;

fn command(sent: &SentCommand) -> Command {
    serde_json::from_str(sent.body.get()).expect("the body is a command")
}

/// Compares bodies as values, because a parsed body keeps its white space.
#[track_caller]
fn assert_same(name: &str, read: &ClientMessage, expected: &ClientMessage) {
    match (read, expected) {
        (ClientMessage::Command(read), ClientMessage::Command(expected)) => {
            assert_eq!((read.id, read.board), (expected.id, expected.board), "{name}");
            assert_eq!(read.key, expected.key, "{name}");
            assert_eq!(command(read), command(expected), "{name}");
        }
        _ => assert_eq!(format!("{read:?}"), format!("{expected:?}"), "{name}"),
    }
}

#[test]
fn client_messages_parse_from_their_golden_files() {
    let files = files();
    for (name, expected) in client_messages() {
        let read = ClientMessage::parse(&files[name]).expect(name);
        assert_same(name, &read, &expected);
    }
}

#[test]
fn client_messages_serialise_to_their_golden_files() {
    let files = files();
    for (name, message) in client_messages() {
        let json = message.to_json().expect("a message is plain data");
        assert_eq!(value(&json), value(&files[name]), "{name}");
    }
}

#[test]
fn server_messages_parse_from_their_golden_files() {
    let files = files();
    for (name, expected) in server_messages() {
        assert_eq!(ServerMessage::parse(&files[name]).expect(name), expected, "{name}");
    }
}

#[test]
fn server_messages_serialise_to_their_golden_files() {
    let files = files();
    for (name, message) in server_messages() {
        let json = message.to_json().expect("a message is plain data");
        assert_eq!(value(&json), value(&files[name]), "{name}");
    }
}

#[test]
fn the_body_of_a_command_keeps_its_bytes() {
    let body = "{ \"type\" : \"join_board\",\t\"type2\":1 }";
    let json = format!(
        r#"{{"v":1,"type":"command","id":"10000000-0000-4000-8000-000000000001","board":"b0000000-0000-4000-8000-000000000001","body":{body}}}"#
    );
    let Ok(ClientMessage::Command(sent)) = ClientMessage::parse(&json) else {
        panic!("a command");
    };
    assert_eq!(sent.body.get(), body);
}

#[test]
fn every_message_has_a_version() {
    assert!(files().values().all(|text| value(text)["v"] == 1));
}

#[test]
fn every_golden_file_has_a_sample_and_every_sample_a_golden_file() {
    let of_clients = client_messages().into_iter().map(|(name, _)| name.to_owned());
    let of_servers = server_messages().into_iter().map(|(name, _)| name.to_owned());
    let values: BTreeSet<String> = of_clients.chain(of_servers).collect();
    assert_eq!(values, files().into_keys().collect());
}

#[test]
fn every_command_has_a_golden_file() {
    assert_eq!(kinds("command"), variants::<Command>(r#"{"type":"?"}"#));
}

#[test]
fn every_query_and_reply_has_a_golden_file() {
    assert_eq!(kinds("query"), variants::<Query>(r#"{"type":"?"}"#));
    assert_eq!(kinds("reply"), variants::<Reply>(r#"{"type":"?"}"#));
}

#[test]
fn every_change_has_a_golden_file() {
    assert_eq!(kinds("event"), variants::<Change>(r#"{"type":"?"}"#));
}

#[test]
fn every_outcome_has_a_golden_file() {
    assert_eq!(kinds("outcome"), variants::<Outcome>(r#"{"result":"?"}"#));
}

#[test]
fn every_server_message_has_a_golden_file() {
    let in_folders_of_their_own = ["event", "outcome", "reply"].map(ToOwned::to_owned);
    let mut found = kinds("server");
    found.extend(in_folders_of_their_own);
    assert_eq!(found, variants::<ServerMessage>(r#"{"type":"?"}"#));
}

#[test]
fn every_client_message_has_a_golden_file() {
    let found: BTreeSet<_> = client_messages().iter().map(|(_, message)| kind(message)).collect();
    assert_eq!(found, KINDS.into_iter().collect());
}

const KINDS: [&str; 6] = ["command", "join", "leave", "ping", "presence", "query"];

/// The match is exhaustive, so that a new message is added here, to [`KINDS`] and to the golden files.
fn kind(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Command(_) => "command",
        ClientMessage::Join { .. } => "join",
        ClientMessage::Leave { .. } => "leave",
        ClientMessage::Ping => "ping",
        ClientMessage::Presence { .. } => "presence",
        ClientMessage::Query { .. } => "query",
    }
}
