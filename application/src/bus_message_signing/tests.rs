//! Signed messages are verified with the right key only, and unchanged.

use sockbit_domain::{KeyHash, NoteId, Outcome};

use super::*;
use sockbit_domain::wire::PersonPresence;

use crate::bus_messages::{
    Admission, AdmissionQuery, AnnouncedEvent, Announcement, BoardPresence, CoreQuery, CoreReply,
    EventsQuery, OutcomeEnvelope, PresenceUpdate,
};
use crate::slot::Slot;
use crate::test_fixtures::{board_id, new_note, person, position, renamed, uuid};
use crate::trace_id::TraceId;

fn id(id: &str) -> KeyId {
    KeyId::new(id).expect("it is a valid id")
}

fn ring(keys: &[(&str, u8)]) -> Keyring {
    let secrets: Vec<_> = keys.iter().map(|(name, byte)| (id(name), [*byte; 32])).collect();
    let keys = secrets.iter().map(|(id, secret)| (id.clone(), secret.as_slice()));
    Keyring::new(keys).expect("the keys are valid")
}

fn signed(ring: &Keyring, text: &str) -> Vec<u8> {
    ring.sign(MessageKind::Outcomes, text).expect("it is JSON")
}

fn verified(ring: &Keyring, bytes: &[u8]) -> Result<String, VerificationError> {
    ring.verify(MessageKind::Outcomes, bytes)
}

/// A signed message with one part replaced.
fn with(bytes: &[u8], part: &str, json: serde_json::Value) -> Vec<u8> {
    let mut frame: serde_json::Map<_, _> = serde_json::from_slice(bytes).expect("an object");
    frame.insert(part.to_owned(), json);
    serde_json::to_vec(&frame).expect("it is JSON")
}

#[test]
fn a_sealed_message_can_be_opened() {
    let ring = ring(&[("k1", 1)]);
    assert_eq!(
        verified(&ring, &signed(&ring, "saved\n\u{2028}")),
        Ok("saved\n\u{2028}".to_owned())
    );
}

#[test]
fn a_sealed_message_names_its_version_kind_and_key() {
    let bytes = signed(&ring(&[("k1", 1)]), "saved");
    let frame: serde_json::Value = serde_json::from_slice(&bytes).expect("it is JSON");
    assert_eq!(frame.get("v"), Some(&1.into()));
    assert_eq!(frame.get("kind"), Some(&"answers".into()));
    assert_eq!(frame.get("key"), Some(&"k1".into()));
    assert_eq!(frame.get("body"), Some(&"saved".into()));
    // Computed with another HMAC implementation, over "1\nanswers\nk1\n\"saved\"".
    assert_eq!(frame.get("mac"), Some(&MAC_OF_SAVED.into()));
}

const MAC_OF_SAVED: &str = "8652453cbc4b996aff538d5cde8320d9bd84773dd5d20a18de5a7f19ca574926";

#[test]
fn processes_with_old_and_new_keyrings_accept_each_other() {
    let (old, new) = (ring(&[("k1", 1), ("k2", 2)]), ring(&[("k2", 2), ("k1", 1)]));
    assert_eq!(verified(&new, &signed(&old, "old")), Ok("old".to_owned()));
    assert_eq!(verified(&old, &signed(&new, "new")), Ok("new".to_owned()));
}

#[test]
fn a_removed_key_is_not_accepted() {
    let bytes = signed(&ring(&[("k1", 1)]), "saved");
    assert_eq!(
        verified(&ring(&[("k2", 2)]), &bytes),
        Err(VerificationError::UnknownKey("k1".to_owned()))
    );
}

#[test]
fn another_secret_under_the_same_id_is_not_accepted() {
    let bytes = signed(&ring(&[("k1", 9)]), "saved");
    assert_eq!(verified(&ring(&[("k1", 1)]), &bytes), Err(VerificationError::BadSignature));
}

#[test]
fn one_kind_cannot_be_replayed_as_another() {
    let ring = ring(&[("k1", 1)]);
    let bytes = ring.sign(MessageKind::Queries, "who?").expect("it is JSON");
    assert_eq!(verified(&ring, &bytes), Err(VerificationError::OtherKind("questions".to_owned())));
    let renamed = with(&bytes, "kind", "answers".into());
    assert_eq!(verified(&ring, &renamed), Err(VerificationError::BadSignature));
}

#[test]
fn a_changed_part_is_detected() {
    let two = ring(&[("k1", 1), ("k2", 1)]);
    let bytes = signed(&two, "saved");
    let cases = [
        ("v", 2.into(), VerificationError::UnknownVersion(2)),
        ("key", "k2".into(), VerificationError::BadSignature),
        ("mac", "00".repeat(32).into(), VerificationError::BadSignature),
        ("mac", "00".into(), VerificationError::BadSignature),
        ("mac", "é".into(), VerificationError::BadSignature),
        ("body", "Saved".into(), VerificationError::BadSignature),
    ];
    for (part, json, expected) in cases {
        assert_eq!(verified(&two, &with(&bytes, part, json)), Err(expected), "{part}");
    }
}

#[test]
fn every_changed_bit_is_detected() {
    let ring = ring(&[("k1", 1)]);
    let bytes = signed(&ring, "saved");
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.clone();
            *other.get_mut(at).expect("the index exists") ^= 1 << bit;
            // The digits of the signature may be of either case.
            if !other.eq_ignore_ascii_case(&bytes) {
                assert!(verified(&ring, &other).is_err(), "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn malformed_bytes_are_not_opened() {
    let ring = ring(&[("k1", 1)]);
    let whole = signed(&ring, "saved");
    let mut cases: Vec<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
    cases.extend([
        b"\xff\xfe".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        br#"{"v":1}"#.to_vec(),
        br#"{"v":-1,"kind":"answers"}"#.to_vec(),
        br#"{"v":1,"v":1,"kind":"answers","key":"k1","mac":"","body":1}"#.to_vec(),
        "[".repeat(100_000).into_bytes(),
        [whole.as_slice(), b"{}"].concat(),
    ]);
    for bytes in cases {
        let result = verified(&ring, &bytes);
        assert!(matches!(result, Err(VerificationError::Malformed(_))), "{result:?}");
    }
}

#[test]
fn a_signed_body_that_does_not_match_its_kind_is_an_error_of_its_own() {
    let ring = ring(&[("k1", 1)]);
    let bytes = ring.sign(MessageKind::Outcomes, &7).expect("it is JSON");
    assert!(matches!(verified(&ring, &bytes), Err(VerificationError::InvalidBody(_))));
}

#[test]
fn unknown_fields_are_ignored() {
    let ring = ring(&[("k1", 1)]);
    let bytes = with(&signed(&ring, "saved"), "later", true.into());
    assert_eq!(verified(&ring, &bytes), Ok("saved".to_owned()));
    let with_more = serde_json::json!({"gateway": "00000000-0000-0000-0000-000000000001",
        "session": 7, "later": [1]});
    let bytes = ring.sign(MessageKind::Outcomes, &with_more).expect("it is JSON");
    let address: crate::bus_messages::Address =
        ring.verify(MessageKind::Outcomes, &bytes).expect("an address");
    assert_eq!(address.session, 7);
}

#[test]
fn commands_are_opened_byte_for_byte() {
    let ring = ring(&[("k1", 1)]);
    let mut command = new_note(1, 2);
    command.key = Some(KeyHash([0xa5; 32]));
    command.body = RawValue::from_string("{ \"b\" :1.0e0,\n\"a\":\"\\u0000\\/\"}".to_owned())
        .expect("it is JSON");
    let bytes = ring.sign(MessageKind::Commands, &[&command, &new_note(3, 4)]).expect("it is JSON");

    let commands = ring.verify_commands(&bytes).expect("the signature is valid");

    let [Ok(first), Ok(second)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((first.trace, first.reply_to), (command.trace, command.reply_to));
    assert_eq!((&first.actor, first.client), (&command.actor, command.client));
    assert_eq!((first.message, first.board), (command.message, command.board));
    assert_eq!((first.key, first.body.get()), (command.key, command.body.get()));
    assert_eq!((second.key, second.message), (None, new_note(3, 4).message));
}

#[test]
fn an_invalid_command_does_not_affect_others() {
    let ring = ring(&[("k1", 1)]);
    let good = serde_json::value::to_raw_value(&new_note(1, 2)).expect("it is JSON");
    let bad = RawValue::from_string(r#"{"trace":  7}"#.to_owned()).expect("it is JSON");
    let bytes = ring.sign(MessageKind::Commands, &[&good, &bad, &good]).expect("it is JSON");

    let commands = ring.verify_commands(&bytes).expect("the signature is valid");

    let [Ok(_), Err((json, reason)), Ok(_)] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(json.get(), bad.get());
    assert!(reason.contains("invalid type"), "{reason}");
}

#[test]
fn every_message_survives_sealing_and_opening() {
    let ring = ring(&[("k1", 1)]);
    let (actor, board) = (person(1).id, board_id(1));
    let command = new_note(1, 2);
    for outcome in [None, Some(Outcome::Saved { position: position(3) })] {
        check::<OutcomeEnvelope>(&ring, MessageKind::Outcomes, &command.with_outcome(outcome));
    }
    let (trace, follows) = (TraceId(command.trace.0), Some(position(2).event));
    let announced = AnnouncedEvent { trace, follows, event: renamed(1, 3) };
    let announcement = Announcement { slot: Slot::of(board), events: vec![announced] };
    check(&ring, MessageKind::Announcements, &announcement);
    check(&ring, MessageKind::Queries, &CoreQuery::Heads { boards: vec![board] });
    let after = position(3);
    let events = CoreQuery::Events(EventsQuery { board, after: after.seq, id: Some(after.event) });
    check(&ring, MessageKind::Queries, &events);
    let admission = AdmissionQuery { actor, board, position: None };
    check(&ring, MessageKind::Queries, &CoreQuery::Admission(admission.clone()));
    check(&ring, MessageKind::Queries, &CoreQuery::Admissions(vec![admission; 2]));
    let admission =
        Admission { role: sockbit_domain::Role::Editor, head: position(3), resumable: true };
    check(&ring, MessageKind::Replies, &CoreReply::Admission(Ok(admission)));
    check(&ring, MessageKind::Replies, &CoreReply::Events(vec![renamed(1, 3)]));
    check(&ring, MessageKind::Replies, &CoreReply::Heads(vec![(board, position(3))]));
    check(&ring, MessageKind::Replies, &CoreReply::HistoryDiverged);
    check(&ring, MessageKind::Replies, &CoreReply::Unavailable);
    check(&ring, MessageKind::Presence, &presence_update());
}

fn presence_update() -> PresenceUpdate {
    let person = PersonPresence { actor: person(1), notes: vec![NoteId(uuid(7))] };
    let board = BoardPresence { board: board_id(1), people: vec![person], more: 3, asks: true };
    PresenceUpdate { gateway: uuid(9), slot: Slot::of(board_id(1)), boards: vec![board] }
}

#[test]
fn unknown_fields_of_a_newer_gateway_are_ignored() {
    let ring = ring(&[("k1", 1)]);
    let mut update = serde_json::to_value(presence_update()).expect("it is JSON");
    let person = update.pointer_mut("/boards/0/people/0").expect("there is a person");
    person.as_object_mut().expect("an object").insert("carets".to_owned(), [3].as_slice().into());
    let bytes = ring.sign(MessageKind::Presence, &update).expect("it is JSON");
    assert_eq!(ring.verify(MessageKind::Presence, &bytes), Ok(presence_update()));
}

fn check<T>(ring: &Keyring, kind: MessageKind, message: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + fmt::Debug,
{
    let bytes = ring.sign(kind, message).expect("it is JSON");
    assert_eq!(ring.verify::<T>(kind, &bytes).as_ref(), Ok(message));
}

#[test]
fn invalid_keys_are_named_without_their_secret() {
    let short = b"hunter2".as_slice();
    let long = [7; 32];
    assert_eq!(Keyring::new([]).map(drop), Err(KeyError::None));
    let result = Keyring::new([(id("k1"), short)]).map(drop);
    assert_eq!(result, Err(KeyError::Short("k1".to_owned())));
    let result = Keyring::new([(id("k1"), &long[..]), (id("k1"), &long[..])]).map(drop);
    assert_eq!(result, Err(KeyError::Twice("k1".to_owned())));
    for text in ["", "a b", "k\n", "é", &"k".repeat(65)] {
        assert_eq!(KeyId::new(text), Err(KeyError::Id), "{text:?}");
    }
}

#[test]
fn the_debug_output_of_a_keyring_has_no_secret() {
    assert_eq!(format!("{:?}", ring(&[("k2", 2), ("k1", 1)])), r#"Keyring["k2", "k1"]"#);
}
