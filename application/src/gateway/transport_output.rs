//! What a session hands to its transport.

use super::close_reason::CloseReason;
use crate::bus_messages::EncodedMessage;

/// What a transport has to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TransportOutput {
    /// Write these messages, together.
    Messages(Vec<EncodedMessage>),
    /// Write nothing more, and close the connection.
    Close(CloseReason),
}
