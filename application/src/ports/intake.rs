//! The way of commands into a gateway from programs that hold no connection to one.

use async_trait::async_trait;

use crate::envelope::EncodedMessage;

/// Where programs put their messages.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Intake: Send + Sync {
    /// Waits for the next message; `None` when the bus is closed for good. What is dropped without
    /// a reply comes again, here or at another gateway.
    async fn next(&self) -> Option<IntakeMessage>;
}

/// One message of a program, and the way back for its answer.
pub struct IntakeMessage {
    /// What tells who sends, where there is any.
    pub token: Option<String>,
    /// The message, as it would come over a transport.
    pub message: Vec<u8>,
    /// Takes the answer back, and lets go of the message. The program may not want one.
    pub reply: Box<dyn FnOnce(EncodedMessage) + Send>,
}
