//! The frames to write to a peer, encoded in the order in which they are written. It holds memory
//! only while frames are queued.

use std::collections::VecDeque;

use axum::body::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The longest header of a frame that is not masked (RFC 6455, section 5.2).
const HEADER_BYTES_MAX: usize = 10;
const FINAL: u8 = 0x80;

/// A queue of frames, the first of which may be partly written.
#[derive(Default)]
pub(crate) struct FrameQueue {
    frames: VecDeque<Frame>,
    /// Bytes of the first frame that were written.
    written: usize,
}

struct Frame {
    opcode: OpCode,
    payload: Bytes,
}

/// The encoded header of a frame.
struct Header {
    bytes: [u8; HEADER_BYTES_MAX],
    length: usize,
}

impl FrameQueue {
    /// Queues messages behind all frames.
    pub fn push_texts(&mut self, messages: Vec<Bytes>) {
        self.frames.extend(messages.into_iter().map(Frame::text));
    }

    /// Queues a control frame before all frames that have not been started.
    ///
    /// It replaces a queued frame of its kind: one pong answers all pings before it (RFC 6455,
    /// section 5.5.3), so that a flood of pings queues no more than one.
    pub fn push_control(&mut self, control: Control, payload: Bytes) {
        let frame = Frame { opcode: OpCode::Control(control), payload };
        let first = usize::from(self.written > 0);
        let mut queued = self.frames.iter_mut().skip(first);
        let mut controls = queued.by_ref().take_while(|it| matches!(it.opcode, OpCode::Control(_)));
        if let Some(replaced) = controls.find(|it| it.opcode == frame.opcode) {
            *replaced = frame;
        } else {
            self.frames.insert(first, frame);
        }
    }

    /// Discards all frames that have not been started, and queues a close frame.
    pub fn close(&mut self, code: Option<u16>, reason: &str) {
        self.frames.truncate(usize::from(self.written > 0));
        let code = code.map(u16::to_be_bytes);
        let payload = code.iter().flatten().chain(reason.as_bytes()).copied().collect();
        self.frames.push_back(Frame { opcode: OpCode::Control(Control::Close), payload });
    }

    #[cfg(test)]
    pub fn allocated_frames(&self) -> usize {
        self.frames.capacity()
    }

    /// The bytes of all frames that are not written.
    pub fn bytes(&self) -> usize {
        self.frames.iter().map(Frame::bytes).sum::<usize>() - self.written
    }

    /// The number of the frames.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// The bytes of the first frame that are not written.
    pub fn first_bytes(&self) -> usize {
        self.frames.front().map_or(0, Frame::bytes) - self.written
    }

    /// Encodes frames into `buffer` as far as they fit. Returns the number of bytes.
    pub fn encode(&self, buffer: &mut [u8]) -> usize {
        let mut room = buffer;
        let size = room.len();
        let mut skipped = self.written;
        for frame in &self.frames {
            let header = frame.header();
            for part in [header.as_slice(), &frame.payload] {
                let skipped_here = skipped.min(part.len());
                skipped -= skipped_here;
                let part = part.get(skipped_here..).unwrap_or_default();
                let fits = part.len().min(room.len());
                let (filled, rest) = std::mem::take(&mut room).split_at_mut(fits);
                filled.copy_from_slice(part.get(..fits).unwrap_or_default());
                room = rest;
            }
            if room.is_empty() {
                break;
            }
        }
        size - room.len()
    }

    /// Removes bytes that were written.
    pub fn advance(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.frames.front().map(Frame::bytes)
            && self.written >= first
        {
            self.written -= first;
            self.frames.pop_front();
        }
        if self.frames.is_empty() {
            self.frames = VecDeque::new();
        }
    }
}

impl Frame {
    fn text(payload: Bytes) -> Self {
        Self { opcode: OpCode::Data(Data::Text), payload }
    }

    fn bytes(&self) -> usize {
        self.header().length + self.payload.len()
    }

    fn header(&self) -> Header {
        let mut bytes = [0; HEADER_BYTES_MAX];
        let length = self.payload.len();
        let (short, extended) = bytes.split_at_mut(2);
        let (length_code, extended_bytes) = match (u8::try_from(length), u16::try_from(length)) {
            (Ok(length @ 0..=125), _) => (length, 0),
            (_, Ok(length)) => {
                extended[..2].copy_from_slice(&length.to_be_bytes());
                (126, 2)
            }
            _ => {
                extended.copy_from_slice(&(length as u64).to_be_bytes());
                (127, 8)
            }
        };
        short.copy_from_slice(&[FINAL | u8::from(self.opcode), length_code]);
        Header { bytes, length: 2 + extended_bytes }
    }
}

impl Header {
    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
