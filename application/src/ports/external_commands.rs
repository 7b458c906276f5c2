//! The port through which a gateway receives the commands of external programs.

use async_trait::async_trait;

use crate::bus_messages::EncodedMessage;

/// The queue to which programs without a connection publish commands.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ExternalCommands: Send + Sync {
    /// Waits for the next message; `None` when the bus is closed for good. A message that is dropped
    /// without a reply is delivered again, to this or another gateway.
    async fn next(&self) -> Option<ExternalCommand>;
}

/// A command of an external program, not parsed yet, and the callback for its reply.
pub struct ExternalCommand {
    /// The token that authenticates the sender, if there is one.
    pub token: Option<String>,
    /// The message, as it would be sent over a transport.
    pub message: Vec<u8>,
    /// Sends the reply, if the program asked for one, and acknowledges the message.
    pub reply: Box<dyn FnOnce(EncodedMessage) + Send>,
}
