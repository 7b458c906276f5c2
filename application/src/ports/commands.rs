//! The way of commands from a gateway to the core.

use async_trait::async_trait;

use crate::envelope::CommandEnvelope;

/// Takes commands to the workers. Batches are split by work queue by whoever knows the queues.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Commands: Send + Sync {
    /// Sends what the connections gave in one turn; returns when the bus has it safely.
    ///
    /// The order of commands for one board is kept.
    async fn send(&self, batch: Vec<CommandEnvelope>) -> Result<(), SendError>;
}

/// Why a batch may not have arrived.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// The bus did not take it: nobody will see it.
    #[error("the bus refused: {0}")]
    Refused(String),
    /// No word in time: it may arrive, or not. Sending it again under the same ids is safe.
    #[error("the bus did not confirm: {0}")]
    Unknown(String),
}
