//! The port through which a gateway receives commands from programs without a connection.

use async_trait::async_trait;

use crate::envelope::EncodedMessage;

/// The queue into which programs put their messages.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Intake: Send + Sync {
    /// Waits for the next message; `None` when the bus is closed for good. A message that is dropped
    /// without a reply is delivered again, to this or another gateway.
    async fn next(&self) -> Option<IntakeMessage>;
}

/// One message of a program, and the callback for its reply.
pub struct IntakeMessage {
    /// The token that authenticates the sender, if there is one.
    pub token: Option<String>,
    /// The message, as it would be sent over a transport.
    pub message: Vec<u8>,
    /// Sends the reply, if the program asked for one, and acknowledges the message.
    pub reply: Box<dyn FnOnce(EncodedMessage) + Send>,
}
