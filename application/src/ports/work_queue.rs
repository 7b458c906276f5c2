//! The way of commands and queries into a worker.

use async_trait::async_trait;

use super::Unavailable;
use crate::envelope::{CommandEnvelope, CoreQuery, CoreReply};

/// Where a worker takes commands from.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait WorkQueue: Send + Sync {
    /// Waits for one delivery, then takes what else is waiting already, until there are
    /// `commands_max` commands. Whoever gives up waiting takes nothing away.
    ///
    /// `None` when the bus is closed for good. A delivery that is not acknowledged comes again.
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>>;

    /// These are done with: committed, announced and answered.
    async fn acknowledge(&self, tags: Vec<DeliveryTag>) -> Result<(), Unavailable>;

    /// Sets one command aside, with the reason, for a person to look at. It is done when this returns well; setting
    /// aside twice is seen as one by whoever replays it.
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
    /// How often it was delivered before, to workers that did not acknowledge it.
    pub redeliveries: u32,
    /// In the order in which they were sent.
    pub commands: Vec<CommandEnvelope>,
}

/// Names a delivery to the adapter that made it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DeliveryTag {
    /// The queue it came from.
    pub queue: u64,
    /// Its number there.
    pub tag: u64,
}

/// Where a worker takes queries from.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait QueryQueue: Send + Sync {
    /// Waits for the next query; `None` when the bus is closed for good.
    async fn next(&self) -> Option<ReceivedQuery>;
}

/// A query and the way back for its answer.
pub struct ReceivedQuery {
    /// What is asked.
    pub query: CoreQuery,
    /// Takes the answer back; the asker may be gone, which is no error.
    pub reply: Box<dyn FnOnce(CoreReply) + Send>,
}
