//! The port through which a gateway sends commands to the workers.

use super::Confirm;
use crate::bus_messages::CommandEnvelope;
use crate::slot::Slot;

/// Sends commands to the workers. The adapter splits a batch by work queue.
#[cfg_attr(test, mockall::automock)]
pub trait Commands: Send + Sync {
    /// Queues a batch of commands, and confirms it when the bus has accepted it durably.
    ///
    /// The commands for one board are published in the order of the calls, and of each batch. Calls
    /// need not wait for the confirms of earlier ones.
    fn send(&self, batch: Vec<CommandEnvelope>) -> Confirm<SendError>;

    /// The work queue for the boards in a slot. Each queue confirms independently of the others.
    fn work_queue(&self, slot: Slot) -> u16;
}

/// Why a batch may not have been sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// The bus rejected it: no worker will receive it.
    #[error("the bus refused: {0}")]
    Refused(String),
    /// The bus did not confirm it in time: it may or may not be delivered. Sending it again under
    /// the same ids is safe.
    #[error("the bus did not confirm: {0}")]
    Unknown(String),
}
