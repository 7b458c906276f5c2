//! Decoding: fragments, limits, and violations of the protocol.

use super::*;
use crate::connection_end::ConnectionEnd;
use crate::message_decoder::{MessageDecoder, PeerMessage};

const BYTES_MAX: usize = 70_000;

/// The messages in these bytes, received in pieces of this size.
fn decode_in_pieces(bytes: &[u8], piece: usize) -> Result<Vec<PeerMessage>, ConnectionEnd> {
    let mut decoder = MessageDecoder::new(BYTES_MAX);
    let mut messages = Vec::new();
    for bytes in bytes.chunks(piece) {
        decoder.receive(bytes);
        while let Some(message) = decoder.next()? {
            messages.push(message);
        }
    }
    assert!(!decoder.is_incomplete(), "bytes are left");
    Ok(messages)
}

fn decode(bytes: &[u8]) -> Result<Vec<PeerMessage>, ConnectionEnd> {
    decode_in_pieces(bytes, bytes.len())
}

fn text(text: &str) -> PeerMessage {
    PeerMessage::Text(text.to_owned())
}

#[test]
fn messages_are_the_same_however_their_bytes_arrive() {
    let bytes = [
        masked(TEXT, true, "čau".as_bytes()),
        masked(PING, true, b"1"),
        masked(TEXT, true, "x".repeat(300).as_bytes()),
        masked(TEXT, true, b""),
        masked(PONG, true, b""),
    ]
    .concat();
    let messages = || {
        let ping = PeerMessage::Ping("1".into());
        vec![text("čau"), ping, text(&"x".repeat(300)), text(""), PeerMessage::Pong]
    };
    for piece in 1..=bytes.len() {
        assert_eq!(decode_in_pieces(&bytes, piece), Ok(messages()), "pieces of {piece}");
    }
}

#[test]
fn fragments_are_joined_and_control_frames_may_come_between_them() {
    let bytes = [
        masked(TEXT, false, b"\xc4"),
        masked(PING, true, b"between"),
        masked(CONTINUE, false, b"\x8d"),
        masked(CONTINUE, true, b"au"),
        masked(TEXT, true, b"next"),
    ]
    .concat();
    let messages = vec![PeerMessage::Ping("between".into()), text("čau"), text("next")];
    assert_eq!(decode(&bytes), Ok(messages));
}

#[test]
fn long_messages_are_decoded() {
    for length in [125, 126, 65_535, 65_536, BYTES_MAX] {
        let long = "y".repeat(length);
        assert_eq!(decode(&masked(TEXT, true, long.as_bytes())), Ok(vec![text(&long)]));
    }
}

#[test]
fn a_message_over_the_limit_is_refused_at_its_header() {
    let mut long = masked(TEXT, true, &vec![b'x'; BYTES_MAX + 1]);
    long.truncate(14);
    assert_eq!(decode(&long), Err(ConnectionEnd::TOO_LARGE));
    let mut fragments = masked(TEXT, false, &vec![b'x'; BYTES_MAX]);
    fragments.extend(masked(CONTINUE, true, b"x").iter().take(6));
    assert_eq!(decode(&fragments), Err(ConnectionEnd::TOO_LARGE));
    let largest_length = [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    assert_eq!(decode(&largest_length), Err(ConnectionEnd::TOO_LARGE));
}

#[test]
fn violations_of_the_protocol_are_refused() {
    let text = |is_final| masked(TEXT, is_final, b"x");
    let with_first_byte = |byte| [vec![byte], text(true)[1..].to_vec()].concat();
    let violations = [
        ("no mask", vec![0x81, 0x01, b'x']),
        ("a reserved bit", with_first_byte(0xc1)),
        ("a reserved data frame", with_first_byte(0x83)),
        ("a reserved control frame", with_first_byte(0x8b)),
        ("a fragmented control frame", masked(PING, false, b"")),
        ("a long control frame", masked(PING, true, &[0; 126])),
        ("a continuation of nothing", masked(CONTINUE, true, b"x")),
        ("a message within a message", [text(false), text(true)].concat()),
        ("a close frame with half a code", masked(CLOSE, true, &[3])),
        ("a close code that is never sent", masked(CLOSE, true, &1005_u16.to_be_bytes())),
    ];
    for (violation, bytes) in violations {
        assert_eq!(decode(&bytes), Err(ConnectionEnd::PROTOCOL), "{violation}");
    }
}

#[test]
fn text_has_to_be_utf8() {
    assert_eq!(decode(&masked(TEXT, true, b"\xc3\x28")), Err(ConnectionEnd::NOT_UTF8));
    let halves = [masked(TEXT, false, b"\xc4"), masked(CONTINUE, true, b"")].concat();
    assert_eq!(decode(&halves), Err(ConnectionEnd::NOT_UTF8));
    let reason = [&1000_u16.to_be_bytes()[..], b"\xff"].concat();
    assert_eq!(decode(&masked(CLOSE, true, &reason)), Err(ConnectionEnd::NOT_UTF8));
}

#[test]
fn binary_messages_are_refused() {
    assert_eq!(decode(&masked(BINARY, true, b"x")), Err(ConnectionEnd::BINARY));
}

#[test]
fn a_close_frame_may_have_a_code_and_a_reason() {
    let code = |bytes: &[u8]| decode(&masked(CLOSE, true, bytes));
    assert_eq!(code(b""), Ok(vec![PeerMessage::Close(None)]));
    let with_reason = [&1001_u16.to_be_bytes()[..], "půjdu".as_bytes()].concat();
    assert_eq!(code(&with_reason), Ok(vec![PeerMessage::Close(Some(1001))]));
    assert_eq!(code(&4000_u16.to_be_bytes()), Ok(vec![PeerMessage::Close(Some(4000))]));
}

#[test]
fn memory_is_held_only_while_a_message_is_incomplete() {
    let mut decoder = MessageDecoder::new(BYTES_MAX);
    let message = masked(TEXT, true, &[b'x'; 1_000]);
    let (start, end) = message.split_at(500);
    decoder.receive(start);
    assert_eq!(decoder.next(), Ok(None));
    assert!(decoder.is_incomplete());
    decoder.receive(end);
    assert!(matches!(decoder.next(), Ok(Some(PeerMessage::Text(_)))));
    assert!(!decoder.is_incomplete());
    assert_eq!(decoder.allocated_bytes(), 0);
}
