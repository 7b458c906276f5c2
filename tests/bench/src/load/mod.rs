//! The load generator: one thread that holds all connections, sends edits and times their arrival.

mod client_state;
mod connection;
mod edit_ids;
mod edit_log;
mod engine;
mod latencies;
#[expect(clippy::module_inception, reason = "the file holds the type `Load`")]
mod load;
mod observation;
mod plan;
mod sockbit_protocol;
mod socketio_protocol;
mod timer;
mod web_socket_frames;
mod wire_protocol;
mod writer;

pub use client_state::Client;
pub use edit_ids::EditIds;
pub use latencies::Latencies;
pub use load::{Load, Pace};
pub use plan::{Plan, PlannedBoard, PlannedReader, PlannedWriter};
pub use sockbit_protocol::SockBitProtocol;
pub use socketio_protocol::SocketIoProtocol;
pub use wire_protocol::WireProtocol;
pub use writer::initial_text;
