//! The port through which a worker receives commands.

use async_trait::async_trait;

use super::Unavailable;
use crate::bus_messages::CommandEnvelope;

/// Where a worker takes commands from.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait WorkQueue: Send + Sync {
    /// Waits for one delivery, then takes the deliveries that are ready until there are
    /// `commands_max` commands. Cancel safe: a cancelled call takes nothing.
    ///
    /// `None` when the bus is closed for good. An unacknowledged delivery is delivered again.
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>>;

    /// Acknowledges deliveries whose commands are committed, announced and answered.
    async fn acknowledge(&self, tags: Vec<DeliveryTag>) -> Result<(), Unavailable>;

    /// Dead-letters one command with the reason, so that an operator can inspect it. It is stored
    /// when this returns `Ok`. A command may be dead-lettered twice: replaying it twice has one
    /// effect.
    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable>;
}

/// One bus message with commands.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What to acknowledge.
    pub tag: DeliveryTag,
    /// How often it was delivered before without an acknowledgement.
    pub redeliveries: u32,
    /// In the order in which they were sent.
    pub commands: Vec<CommandEnvelope>,
}

/// Identifies a delivery to the adapter that made it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DeliveryTag {
    /// The queue that it came from.
    pub queue: u64,
    /// Its number in that queue.
    pub tag: u64,
}
