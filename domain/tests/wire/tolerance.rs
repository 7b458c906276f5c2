//! Newer programs may say more: what is not known is passed over, wherever it stands.

use serde_json::{Value, json};
use sockbit_domain::Command;
use sockbit_domain::wire::{ClientMessage, ServerMessage};

use crate::golden::{files, value};
use crate::ids::BOARD;

/// Puts an unknown field into every object, but for the steps of deltas, which must be known whole.
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
fn unknown_fields_of_clients_are_passed_over() {
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
fn unknown_fields_of_servers_are_passed_over() {
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
fn a_field_that_is_null_is_a_field_that_is_not_there() {
    let join = format!(r#"{{"v":1,"type":"join","board":"{BOARD}","position":null}}"#);
    assert!(matches!(ClientMessage::parse(&join), Ok(ClientMessage::Join { position: None, .. })));
}

#[test]
fn a_newer_version_is_refused_by_number_and_not_misread() {
    let refusal = ClientMessage::parse(r#"{"v":2,"type":"ping"}"#).expect_err("it is newer");
    assert_eq!(refusal.detail, "version 2 is not spoken here; version 1 is");
}
