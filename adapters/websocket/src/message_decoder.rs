//! Decodes the bytes of a peer into messages, without I/O. It holds memory only while a message is
//! incomplete.

use std::io::Cursor;

use axum::body::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use crate::connection_end::ConnectionEnd;

/// The payload of a control frame (RFC 6455, section 5.5).
const CONTROL_BYTES_MAX: usize = 125;

/// A message of the peer.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum PeerMessage {
    Text(String),
    Ping(Bytes),
    Pong,
    /// The peer closes the connection. The code is `None` if it gave none.
    Close(Option<u16>),
}

/// Decodes masked frames, and joins the fragments of messages.
pub(crate) struct MessageDecoder {
    message_bytes_max: usize,
    /// Bytes that were received; those before `decoded` are decoded.
    received: Vec<u8>,
    decoded: usize,
    /// The fragments of an incomplete message.
    fragments: Option<Vec<u8>>,
}

impl MessageDecoder {
    pub fn new(message_bytes_max: usize) -> Self {
        Self { message_bytes_max, received: Vec::new(), decoded: 0, fragments: None }
    }

    /// Adds received bytes.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.received.drain(..std::mem::take(&mut self.decoded));
        self.received.extend_from_slice(bytes);
    }

    /// The next message; `None` if its last byte has not been received yet.
    pub fn next(&mut self) -> Result<Option<PeerMessage>, ConnectionEnd> {
        while let Some((header, payload)) = self.next_frame()? {
            let message = match header.opcode {
                OpCode::Control(control) => Some(control_message(control, &payload)?),
                OpCode::Data(data) => self.join(data, header.is_final, payload)?,
            };
            if message.is_some() {
                return Ok(message);
            }
        }
        Ok(None)
    }

    #[cfg(test)]
    pub fn is_incomplete(&self) -> bool {
        !self.received.is_empty() || self.fragments.is_some()
    }

    #[cfg(test)]
    pub fn allocated_bytes(&self) -> usize {
        self.received.capacity() + self.fragments.as_ref().map_or(0, Vec::capacity)
    }

    /// The next frame with its payload, unmasked. It is refused at its header, before its payload is
    /// received.
    fn next_frame(&mut self) -> Result<Option<(FrameHeader, Vec<u8>)>, ConnectionEnd> {
        let rest = self.received.get_mut(self.decoded..).unwrap_or_default();
        let mut cursor = Cursor::new(&*rest);
        let header = FrameHeader::parse(&mut cursor).map_err(|_| ConnectionEnd::PROTOCOL)?;
        let start = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        let Some((header, length)) = header else { return Ok(None) };
        let mask = self.check(&header, length)?;
        let rest = self.received.get_mut(self.decoded..).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some(payload) = rest.get_mut(start..start.saturating_add(length)) else {
            return Ok(None);
        };
        apply_mask(payload, mask);
        let payload = payload.to_vec();
        self.decoded += start + length;
        if self.decoded == self.received.len() {
            (self.received, self.decoded) = (Vec::new(), 0);
        }
        Ok(Some((header, payload)))
    }

    /// Checks a header against the protocol and the limit, and returns the mask.
    fn check(&self, header: &FrameHeader, length: u64) -> Result<[u8; 4], ConnectionEnd> {
        let FrameHeader { is_final, rsv1, rsv2, rsv3, opcode, mask } = *header;
        let is_reserved = rsv1 || rsv2 || rsv3;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let is_valid = match opcode {
            OpCode::Control(_) => is_final && length <= CONTROL_BYTES_MAX,
            OpCode::Data(Data::Continue) => self.fragments.is_some(),
            OpCode::Data(_) => self.fragments.is_none(),
        };
        let mask = mask.filter(|_| is_valid && !is_reserved).ok_or(ConnectionEnd::PROTOCOL)?;
        if opcode == OpCode::Data(Data::Binary) {
            return Err(ConnectionEnd::BINARY);
        }
        let joined = self.fragments.as_ref().map_or(0, Vec::len);
        if joined.saturating_add(length) > self.message_bytes_max {
            return Err(ConnectionEnd::TOO_LARGE);
        }
        Ok(mask)
    }

    /// Joins the fragments of a message. `None` while some are missing.
    fn join(
        &mut self,
        data: Data,
        is_final: bool,
        payload: Vec<u8>,
    ) -> Result<Option<PeerMessage>, ConnectionEnd> {
        let bytes = match (data, self.fragments.take()) {
            (Data::Continue, Some(mut fragments)) => {
                fragments.extend_from_slice(&payload);
                fragments
            }
            _ => payload,
        };
        if !is_final {
            self.fragments = Some(bytes);
            return Ok(None);
        }
        let text = String::from_utf8(bytes).map_err(|_| ConnectionEnd::NOT_UTF8)?;
        Ok(Some(PeerMessage::Text(text)))
    }
}

fn control_message(control: Control, payload: &[u8]) -> Result<PeerMessage, ConnectionEnd> {
    match control {
        Control::Ping => Ok(PeerMessage::Ping(Bytes::copy_from_slice(payload))),
        Control::Pong => Ok(PeerMessage::Pong),
        Control::Close => close_code(payload).map(PeerMessage::Close),
        Control::Reserved(_) => Err(ConnectionEnd::PROTOCOL),
    }
}

/// The code of a close frame (RFC 6455, section 7.4). A reason must be UTF-8.
fn close_code(payload: &[u8]) -> Result<Option<u16>, ConnectionEnd> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(ConnectionEnd::PROTOCOL) };
    };
    let code = u16::from_be_bytes(*code);
    if !CloseCode::from(code).is_allowed() {
        return Err(ConnectionEnd::PROTOCOL);
    }
    std::str::from_utf8(reason).map_err(|_| ConnectionEnd::NOT_UTF8)?;
    Ok(Some(code))
}

fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    let (words, rest) = payload.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}
