//! Unknown fields are ignored everywhere, so that newer programs can add fields.

use serde_json::{Value, json};
use sockbit_domain::Command;
use sockbit_domain::wire::{ClientMessage, ServerMessage};

use crate::golden_files::{files, value};
use crate::sample_ids::BOARD;

/// Adds an unknown field to every object, except to delta ops, which allow none.
fn with_unknown_fields(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let known = fields.into_iter().map(|(name, value)| match name.as_str() {
                "delta" => (name, value),
                _ => (name, with_unknown_fields(value)),
            });
            let unknown = ("later".to_owned(), json!([{"deep": [1, null]}]));
            Value::Object(known.chain([unknown]).collect())
        }
        Value::Array(values) => values.into_iter().map(with_unknown_fields).collect(),
        other => other,
    }
}

fn is_from_a_client(name: &str) -> bool {
    ["client/", "command/", "query/"].iter().any(|folder| name.starts_with(folder))
}

#[test]
fn unknown_fields_of_client_messages_are_ignored() {
    for (name, golden) in files().into_iter().filter(|(name, _)| is_from_a_client(name)) {
        let more = with_unknown_fields(value(&golden)).to_string();
        let (read, known) = (ClientMessage::parse(&more), ClientMessage::parse(&golden));
        match (read.expect(&name), known.expect(&name)) {
            (ClientMessage::Command(read), ClientMessage::Command(known)) => {
                let command = |body: &str| serde_json::from_str::<Command>(body).expect(&name);
                assert_eq!(command(read.body.get()), command(known.body.get()), "{name}");
            }
            (read, known) => assert_eq!(format!("{read:?}"), format!("{known:?}"), "{name}"),
        }
    }
}

#[test]
fn unknown_fields_of_server_messages_are_ignored() {
    for (name, golden) in files().into_iter().filter(|(name, _)| !is_from_a_client(name)) {
        let more = with_unknown_fields(value(&golden)).to_string();
        let known = ServerMessage::parse(&golden).expect(&name);
        assert_eq!(ServerMessage::parse(&more).expect(&name), known, "{name}");
    }
}

#[test]
fn the_order_of_fields_does_not_matter() {
    let join = format!(r#"{{"board":"{BOARD}","type":"join","v":1}}"#);
    assert!(matches!(
        ClientMessage::parse(&join),
        Ok(ClientMessage::Join { board: BOARD, position: None })
    ));
}

#[test]
fn a_null_field_is_an_absent_field() {
    let join = format!(r#"{{"v":1,"type":"join","board":"{BOARD}","position":null}}"#);
    assert!(matches!(ClientMessage::parse(&join), Ok(ClientMessage::Join { position: None, .. })));
}

#[test]
fn a_newer_version_is_refused() {
    let refusal = ClientMessage::parse(r#"{"v":2,"type":"ping"}"#).expect_err("a newer version");
    assert_eq!(refusal.detail, "version 2 is not supported; this server supports version 1");
}
