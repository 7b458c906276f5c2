//! Refused messages: a refusal names the reason, and the message's id if it could be read.

use sockbit_domain::Command;
use sockbit_domain::wire::{ClientMessage, Refusal, RefusalCode, SentCommand};

use crate::sample_ids::{BOARD, NOTE, message};

const ID: &str = "10000000-0000-4000-8000-000000000005";

#[track_caller]
fn refusal(json: &str) -> Refusal {
    match ClientMessage::parse(json) {
        Err(refusal) => refusal,
        Ok(message) => panic!("{message:?} was accepted"),
    }
}

/// Asserts that the message is refused as malformed, for this reason, with its id.
#[track_caller]
fn malformed(json: &str, reason: &str) {
    let refusal = refusal(json);
    assert_eq!(refusal.code, RefusalCode::Malformed, "{refusal:?}");
    assert!(refusal.detail.contains(reason), "{refusal:?}");
    assert_eq!(refusal.id, Some(message(5)), "{refusal:?}");
}

fn command(body: &str) -> String {
    format!(r#"{{"v":1,"type":"command","id":"{ID}","board":"{BOARD}","body":{body}}}"#)
}

fn query(body: &str) -> String {
    format!(r#"{{"v":1,"type":"query","id":"{ID}","body":{body}}}"#)
}

/// Asserts that the frame is accepted, and that the core fails to parse the body, for this reason.
#[track_caller]
fn bad_body(body: &str, reason: &str) {
    let Ok(ClientMessage::Command(SentCommand { body, .. })) = ClientMessage::parse(&command(body))
    else {
        panic!("the frame is valid");
    };
    let error = serde_json::from_str::<Command>(body.get()).expect_err("not a command");
    assert!(error.to_string().contains(reason), "{error}");
}

#[test]
fn another_version_is_refused() {
    let refusal = refusal(&format!(r#"{{"v":7,"type":"command","id":"{ID}"}}"#));
    assert_eq!(refusal.code, RefusalCode::UnsupportedVersion);
    assert_eq!(refusal.detail, "version 7 is not supported; this server supports version 1");
    assert_eq!(refusal.id, Some(message(5)));
}

#[test]
fn an_unknown_type_is_refused_by_name() {
    let refusal = refusal(&format!(r#"{{"v":1,"type":"dance","id":"{ID}"}}"#));
    assert_eq!(refusal.code, RefusalCode::UnknownType);
    assert_eq!(refusal.detail, r#"there is no message of type "dance""#);
    assert_eq!(refusal.id, Some(message(5)));
}

#[test]
fn a_long_unknown_type_is_shortened_in_the_refusal() {
    let long = "x".repeat(100_000);
    let refusal = refusal(&format!(r#"{{"v":1,"type":"{long}"}}"#));
    assert!(refusal.detail.len() < 100, "{}", refusal.detail.len());
}

#[test]
fn a_message_that_is_not_an_object_is_refused_as_malformed() {
    for json in ["[]", r#"[1,"ping",null,null,null,null,null]"#, "\"ping\"", "1", "null", ""] {
        let refusal = ClientMessage::parse(json).expect_err("not an object");
        assert_eq!(refusal.code, RefusalCode::Malformed);
        assert!(refusal.detail.contains("not a JSON object"), "{json}: {}", refusal.detail);
    }
}

#[test]
fn a_missing_field_is_named() {
    let id = format!(r#""id":"{ID}""#);
    let board = format!(r#""board":"{BOARD}""#);
    malformed(&format!("{{{id}}}"), "missing field `v`");
    malformed(&format!(r#"{{"v":1,{id}}}"#), "missing field `type`");
    malformed(&format!(r#"{{"v":1,"type":"command",{id},"body":{{}}}}"#), "missing field `board`");
    malformed(&format!(r#"{{"v":1,"type":"command",{id},{board}}}"#), "missing field `body`");
    malformed(&format!(r#"{{"v":1,"type":"query",{id}}}"#), "missing field `body`");
    malformed(&format!(r#"{{"v":1,"type":"join",{id}}}"#), "missing field `board`");
    malformed(&format!(r#"{{"v":1,"type":"leave",{id}}}"#), "missing field `board`");
}

#[test]
fn a_message_without_its_id_is_refused_without_one() {
    for kind in ["command", "query"] {
        let json = format!(r#"{{"v":1,"type":"{kind}","board":"{BOARD}","body":{{}}}}"#);
        let refusal = refusal(&json);
        assert_eq!((refusal.id, &*refusal.detail), (None, "missing field `id`"));
    }
}

#[test]
fn a_field_of_the_wrong_type_is_refused_with_the_expected_type() {
    let with = |fields: &str| format!(r#"{{"id":"{ID}",{fields}}}"#);
    malformed(&with(r#""v":"1","type":"ping""#), "invalid type: string \"1\", expected u32");
    malformed(&with(r#""v":1,"type":7"#), "invalid type: integer `7`");
    malformed(&with(r#""v":1,"type":"join","board":7"#), "invalid type: integer `7`");
    malformed(&with(r#""v":1,"type":"join","board":"here""#), "UUID parsing failed");
    malformed(&with(r#""v":1,"type":"join","position":5"#), "expected struct Position");
    malformed(&with(r#""v":1,"type":"command","key":[1]"#), "invalid type: sequence");
}

#[test]
fn a_refusal_of_an_unreadable_id_has_no_id() {
    for id in ["5", "\"five\"", "[]"] {
        let refusal = refusal(&format!(r#"{{"v":1,"type":"ping","id":{id}}}"#));
        assert_eq!((refusal.code, refusal.id), (RefusalCode::Malformed, None));
    }
}

#[test]
fn a_position_without_seq_and_event_is_refused() {
    let join = |position: &str| {
        format!(r#"{{"v":1,"type":"join","id":"{ID}","board":"{BOARD}","position":{position}}}"#)
    };
    malformed(&join("{}"), "missing field `seq`");
    malformed(&join(r#"{"seq":1}"#), "missing field `event`");
    malformed(&join(&format!(r#"{{"seq":-1,"event":"{ID}"}}"#)), "invalid value: integer `-1`");
    malformed(&join(&format!(r#"{{"seq":1.5,"event":"{ID}"}}"#)), "floating point `1.5`");
}

#[test]
fn huge_numbers_are_refused() {
    let seq = format!(r#"{{"seq":18446744073709551616,"event":"{ID}"}}"#);
    malformed(
        &format!(r#"{{"v":1,"type":"join","id":"{ID}","board":"{BOARD}","position":{seq}}}"#),
        "invalid type: floating point",
    );
    malformed(&format!(r#"{{"id":"{ID}","v":4294967296,"type":"ping"}}"#), "4294967296");
    let refusal = refusal(&format!(r#"{{"id":"{ID}","v":1e999,"type":"ping"}}"#));
    assert_eq!(refusal.code, RefusalCode::Malformed);
    assert!(refusal.detail.contains("number out of range"), "{refusal}");
}

#[test]
fn a_duplicate_field_is_refused() {
    malformed(&format!(r#"{{"v":1,"v":1,"type":"ping","id":"{ID}"}}"#), "duplicate field `v`");
    let two_boards = format!(r#""board":"{BOARD}","board":"{BOARD}""#);
    malformed(
        &format!(r#"{{"v":1,"type":"leave","id":"{ID}",{two_boards}}}"#),
        "duplicate field `board`",
    );
    let refusal = refusal(&format!(r#"{{"v":1,"type":"ping","id":"{ID}","id":"{ID}"}}"#));
    assert!(refusal.detail.contains("duplicate field `id`"), "{refusal}");
    assert_eq!(refusal.id, None);
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    malformed(&format!(r#"{{"v":1,"type":"\ud83d","id":"{ID}"}}"#), "hex escape");
    let key = r#""key":"\udc67""#;
    malformed(&format!(r#"{{"v":1,"type":"command","id":"{ID}",{key}}}"#), "hex escape");
    bad_body(r#"{"type":"rename_board","title":"\ud83d"}"#, "hex escape");
}

#[test]
fn invalid_json_is_refused() {
    for json in ["", "ping", "{", r#"{"v":1,"type":"ping"} x"#, "\u{feff}{}", "nul", "\0"] {
        let refusal = refusal(json);
        assert_eq!((refusal.code, refusal.id), (RefusalCode::Malformed, None), "{json}");
    }
}

#[test]
fn json_values_other_than_objects_are_refused() {
    for json in ["null", "1", "\"ping\"", "[]", "true"] {
        assert_eq!(refusal(json).code, RefusalCode::Malformed, "{json}");
    }
}

#[test]
fn deep_nesting_neither_overflows_nor_affects_known_fields() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let ping = format!(r#"{{"v":1,"type":"ping","later":{}}}"#, deep(100_000));
    assert!(matches!(ClientMessage::parse(&ping), Ok(ClientMessage::Ping)));
    malformed(&query(&format!(r#"{{"type":"my_boards","x":{}}}"#, deep(100_000))), "recursion");
    bad_body(&format!(r#"{{"type":"join_board","x":{}}}"#, deep(100_000)), "recursion");
    malformed(&format!(r#"{{"v":1,"type":{},"id":"{ID}"}}"#, deep(100_000)), "invalid type");
}

#[test]
fn an_unknown_query_is_refused_by_name() {
    malformed(&query(r#"{"type":"everything"}"#), "in `body`: unknown variant `everything`");
    malformed(&query("{}"), "in `body`: missing field `type`");
    malformed(&query(r#"{"type":"board_page"}"#), "in `body`: missing field `board`");
    malformed(&query("null"), "missing field `body`");
}

#[test]
fn the_core_rejects_a_body_that_is_not_a_command() {
    bad_body("7", "invalid type");
    bad_body("{}", "missing field `type`");
    bad_body(r#"{"type":"explode"}"#, "unknown variant `explode`");
    bad_body(r#"{"type":"rename_board"}"#, "missing field `title`");
    bad_body(r#"{"type":"rename_board","title":1}"#, "invalid type: integer `1`");
    bad_body(r#"{"type":"add_link","role":"king"}"#, "unknown variant `king`");
}

#[test]
fn the_core_rejects_a_body_with_a_value_out_of_bounds() {
    let note = |fields: &str| format!(r#"{{"type":"move_note","note":"{NOTE}",{fields}}}"#);
    bad_body(&note(r#""rank":"""#), "a rank has at least one digit");
    bad_body(&note(r#""rank":"V0""#), "a rank does not end in 0");
    bad_body(&note(&format!(r#""rank":"{}""#, "1".repeat(257))), "at most 256 digits");
    bad_body(
        &format!(r#"{{"type":"recolour_note","note":"{NOTE}","colour":"mauve"}}"#),
        "unknown variant `mauve`",
    );
}

#[test]
fn an_edit_has_a_delta_or_a_text_and_not_both() {
    let edit = |change: &str| {
        let base = format!(r#"{{"seq":1,"event":"{ID}"}}"#);
        format!(r#"{{"type":"edit_note","note":"{NOTE}","base":{base}{change}}}"#)
    };
    bad_body(&edit(""), "missing field `delta` (or `text`)");
    bad_body(&edit(r#","delta":[],"text":"""#), "`delta` and `text` exclude each other");
    bad_body(&edit(r#","delta":[{"retain":0}]"#), "op 0: a length is between 1 and 2147483647");
    bad_body(&edit(r#","delta":[{"insert":"x","bold":true}]"#), "op 0: invalid length 2");
}
