//! The session of one client: handles its messages, and provides everything that is sent to it.

mod board_progress;
mod catch_up;
mod message_handler;
mod next_output;
mod request_pipeline;
#[expect(clippy::module_inception, reason = "the file holds the type `Session`")]
mod session;

pub use request_pipeline::RequestPipeline;
pub use session::Session;
