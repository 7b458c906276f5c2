//! WebSocket frames of a client, written into and read from plain buffers.

use std::io::Cursor;

use anyhow::{Context, Result, bail};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// A whole frame of a server.
#[derive(PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    Text(&'a [u8]),
    Ping(&'a [u8]),
    Close(&'a [u8]),
    /// A frame without consequences for the load.
    Other,
}

/// The first frame in these bytes and its size; `None` if it is not complete.
pub fn first_frame(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>> {
    let mut cursor = Cursor::new(bytes);
    let Some((header, payload_bytes)) = FrameHeader::parse(&mut cursor)? else { return Ok(None) };
    let start = usize::try_from(cursor.position())?;
    let end = start + usize::try_from(payload_bytes)?;
    let Some(payload) = bytes.get(start..end) else { return Ok(None) };
    if !header.is_final {
        bail!("the server splits messages into several frames");
    }
    let frame = match header.opcode {
        OpCode::Data(Data::Text) => Frame::Text(payload),
        OpCode::Control(Control::Ping) => Frame::Ping(payload),
        OpCode::Control(Control::Close) => Frame::Close(payload),
        _ => Frame::Other,
    };
    Ok(Some((frame, end)))
}

/// Appends a text frame.
pub fn append_text(output: &mut Vec<u8>, text: &str, mask: [u8; 4]) -> Result<()> {
    append(output, OpCode::Data(Data::Text), text.as_bytes(), mask)
}

/// Appends the response to a ping.
pub fn append_pong(output: &mut Vec<u8>, payload: &[u8], mask: [u8; 4]) -> Result<()> {
    append(output, OpCode::Control(Control::Pong), payload, mask)
}

fn append(output: &mut Vec<u8>, opcode: OpCode, payload: &[u8], mask: [u8; 4]) -> Result<()> {
    let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
    header.format(payload.len() as u64, output).context("a frame cannot be written")?;
    output.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incomplete_frame_is_left_for_later() {
        let frame = b"\x81\x02hi";
        for end in 0..frame.len() {
            assert_eq!(first_frame(&frame[..end]).expect("no error"), None);
        }
        assert_eq!(first_frame(frame).expect("a frame"), Some((Frame::Text(b"hi"), frame.len())));
    }

    #[test]
    fn a_written_frame_is_masked() {
        let mut output = Vec::new();
        append_text(&mut output, "abc", [1, 2, 3, 4]).expect("a frame");
        assert_eq!(output, [0x81, 0x83, 1, 2, 3, 4, b'a' ^ 1, b'b' ^ 2, b'c' ^ 3]);
    }
}
