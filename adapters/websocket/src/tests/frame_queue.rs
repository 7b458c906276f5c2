//! Encoding: headers, partial writes, and the order of control frames.

use std::io::Cursor;

use axum::body::Bytes;

use super::*;
use crate::frame_queue::FrameQueue;

/// Writes all frames, so many bytes at a time.
fn written(queue: &mut FrameQueue, at_once: usize) -> Vec<u8> {
    let mut written = Vec::new();
    let mut buffer = vec![0; at_once];
    while queue.len() > 0 {
        let bytes = queue.encode(&mut buffer);
        written.extend_from_slice(&buffer[..bytes]);
        queue.advance(bytes);
    }
    written
}

/// The frames in these bytes, decoded by another implementation.
fn frames(mut bytes: &[u8]) -> Vec<(OpCode, Vec<u8>)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let mut cursor = Cursor::new(bytes);
        let parsed = FrameHeader::parse(&mut cursor).expect("valid").expect("complete");
        let (FrameHeader { is_final, opcode, mask, .. }, length) = parsed;
        assert!(is_final && mask.is_none());
        let start = usize::try_from(cursor.position()).expect("small");
        let (frame, rest) = bytes.split_at(start + usize::try_from(length).expect("small"));
        frames.push((opcode, frame[start..].to_vec()));
        bytes = rest;
    }
    frames
}

fn texts(texts: &[&'static str]) -> Vec<Bytes> {
    texts.iter().map(|text| Bytes::from_static(text.as_bytes())).collect()
}

fn opcodes(bytes: &[u8]) -> Vec<OpCode> {
    frames(bytes).into_iter().map(|(opcode, _)| opcode).collect()
}

#[test]
fn texts_of_any_length_are_encoded() {
    let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000];
    let texts: Vec<Bytes> = lengths.iter().map(|length| Bytes::from(vec![b'x'; *length])).collect();
    let mut queue = FrameQueue::default();
    queue.push_texts(texts.clone());
    let total = queue.bytes();
    let written = written(&mut queue, 16 * 1024);
    assert_eq!(written.len(), total);
    let expected: Vec<_> = texts.iter().map(|text| (TEXT, text.to_vec())).collect();
    assert_eq!(frames(&written), expected);
}

#[test]
fn frames_are_the_same_however_few_bytes_are_written_at_once() {
    let long: &'static str = Box::leak("y".repeat(130).into_boxed_str());
    let all = |at_once| {
        let mut queue = FrameQueue::default();
        queue.push_texts(texts(&["one", "", long]));
        written(&mut queue, at_once)
    };
    for at_once in 1..150 {
        assert_eq!(all(at_once), all(1_000), "{at_once} bytes at once");
    }
}

#[test]
fn a_control_frame_is_written_before_messages_but_not_within_one() {
    let mut queue = FrameQueue::default();
    queue.push_texts(texts(&["one", "two"]));
    queue.push_control(Control::Ping, Bytes::new());
    assert_eq!(opcodes(&written(&mut queue, 1_000)), [PING, TEXT, TEXT]);

    queue.push_texts(texts(&["one", "two"]));
    let mut start = [0; 3];
    assert_eq!(queue.encode(&mut start), 3);
    queue.advance(3);
    queue.push_control(Control::Ping, Bytes::new());
    let bytes = [&start[..], &written(&mut queue, 1_000)].concat();
    assert_eq!(opcodes(&bytes), [TEXT, PING, TEXT]);
}

#[test]
fn one_pong_answers_all_pings_before_it() {
    let mut queue = FrameQueue::default();
    queue.push_texts(texts(&["one"]));
    for payload in ["1", "2", "3"] {
        queue.push_control(Control::Pong, payload.into());
        queue.push_control(Control::Ping, Bytes::new());
    }
    let frames = frames(&written(&mut queue, 1_000));
    assert_eq!(frames.len(), 3, "one of each kind");
    assert!(frames.contains(&(PONG, b"3".to_vec())), "{frames:?}");
}

#[test]
fn a_close_frame_completes_the_frame_that_is_being_written_and_discards_the_others() {
    let mut queue = FrameQueue::default();
    queue.push_texts(texts(&["one", "two"]));
    let mut start = [0; 4];
    queue.encode(&mut start);
    queue.advance(4);
    queue.close(Some(1001), "going away");
    let bytes = [&start[..], &written(&mut queue, 1_000)].concat();
    let payload = [&1001_u16.to_be_bytes()[..], b"going away"].concat();
    assert_eq!(frames(&bytes), [(TEXT, b"one".to_vec()), (CLOSE, payload)]);
}

#[test]
fn an_empty_queue_holds_no_memory() {
    let mut queue = FrameQueue::default();
    queue.push_texts(texts(&["one"; 100]));
    written(&mut queue, 1_000);
    assert_eq!(queue.allocated_frames(), 0);
}
