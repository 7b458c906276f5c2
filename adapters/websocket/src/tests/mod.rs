//! The protocol without a network.

mod connection;
mod frame_queue;
mod message_decoder;

use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

const TEXT: OpCode = OpCode::Data(Data::Text);
const CONTINUE: OpCode = OpCode::Data(Data::Continue);
const BINARY: OpCode = OpCode::Data(Data::Binary);
const PING: OpCode = OpCode::Control(Control::Ping);
const PONG: OpCode = OpCode::Control(Control::Pong);
const CLOSE: OpCode = OpCode::Control(Control::Close);

/// A frame as a client sends it, encoded by another implementation.
fn masked(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let mask = Some([0x12, 0x80, 0xff, 0x07]);
    let header = FrameHeader { is_final, opcode, mask, ..FrameHeader::default() };
    let mut encoded = Vec::new();
    Frame::from_payload(header, payload.to_vec().into()).format(&mut encoded).expect("encoded");
    encoded
}
