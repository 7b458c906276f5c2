//! Builds and encodes messages to clients.

use std::time::Duration;

use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{BoardId, MessageId};

use crate::bus_messages::EncodedMessage;

/// How long a client waits before it repeats a message that was not accepted, in milliseconds.
pub const AGAIN_AFTER_MS: u64 = 1_000;
pub(super) const AGAIN_AFTER: Duration = Duration::from_millis(AGAIN_AFTER_MS);

/// Asks a client to repeat a message, or its join of a board, after a delay.
pub(super) fn again(
    id: Option<MessageId>,
    board: Option<BoardId>,
    after: Duration,
) -> ServerMessage {
    // Rounded up, so that a client that waits this long does not repeat too early.
    let after_ms = u64::try_from(after.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    ServerMessage::Again { id, board, after_ms }
}

/// Encodes a message. One that cannot be encoded is a bug: it is logged, and empty.
pub(super) fn encode(message: &ServerMessage) -> EncodedMessage {
    match message.to_json() {
        Ok(json) => EncodedMessage::from(json),
        Err(error) => {
            tracing::error!(%error, "a message could not be encoded");
            EncodedMessage::new()
        }
    }
}
