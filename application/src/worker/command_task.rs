//! A task that processes the commands of some work queues in order.

use tokio::sync::mpsc;

use super::ack_group::{AckGroup, ack_groups};
use super::batch_processor::BatchProcessor;
use crate::bus_messages::CommandEnvelope;
use crate::ports::{Confirm, Delivery, DeliveryTag, Unavailable};

/// Commands in one batch. A larger batch would only delay its first command.
pub(super) const BATCH_MAX: usize = 512;
/// Batches of one task that are committed and not acknowledged. A bus that does not confirm stops
/// the task at this number.
const UNACKNOWLEDGED_MAX: usize = 32;

pub(super) struct CommandTask {
    processor: BatchProcessor,
}

/// A committed batch whose events and outcomes the bus has not confirmed yet.
struct CommittedBatch {
    tags: Vec<DeliveryTag>,
    batch: Vec<CommandEnvelope>,
    confirmed: Confirm<Unavailable>,
}

impl CommandTask {
    pub fn new(processor: BatchProcessor) -> Self {
        Self { processor }
    }

    /// Runs until the sender of the deliveries is dropped and all of them are processed.
    pub async fn run(self, deliveries: mpsc::UnboundedReceiver<Vec<Delivery>>) {
        let (sender, committed) = mpsc::channel(UNACKNOWLEDGED_MAX);
        tokio::join!(self.commit(deliveries, sender), self.acknowledge(committed));
    }

    /// Commits batches. The next batch does not wait until this one is confirmed.
    async fn commit(
        &self,
        mut deliveries: mpsc::UnboundedReceiver<Vec<Delivery>>,
        committed: mpsc::Sender<CommittedBatch>,
    ) {
        while let Some(deliveries) = next_deliveries(&mut deliveries).await {
            for group in ack_groups(deliveries) {
                if group.is_redelivered {
                    self.process_redelivered(group).await;
                    continue;
                }
                for batch in group.batches {
                    let confirmed = self.processor.process(&batch).await;
                    let tags = group.tags.clone();
                    // The receiver is dropped only together with this future.
                    committed.send(CommittedBatch { tags, batch, confirmed }).await.ok();
                }
            }
        }
    }

    /// Acknowledges each command before the next one is processed: one of them may have crashed a
    /// worker.
    async fn process_redelivered(&self, group: AckGroup) {
        for batch in &group.batches {
            let confirmed = self.processor.process(batch).await;
            self.processor.confirm(batch, confirmed).await;
        }
        self.processor.acknowledge(group.tags).await;
    }

    /// Acknowledges the deliveries of batches as soon as they are confirmed.
    async fn acknowledge(&self, mut committed: mpsc::Receiver<CommittedBatch>) {
        while let Some(CommittedBatch { tags, batch, confirmed }) = committed.recv().await {
            self.processor.confirm(&batch, confirmed).await;
            self.processor.acknowledge(tags).await;
        }
    }
}

/// Waits for deliveries, then adds those that arrived meanwhile until there are [`BATCH_MAX`]
/// commands.
async fn next_deliveries(
    receiver: &mut mpsc::UnboundedReceiver<Vec<Delivery>>,
) -> Option<Vec<Delivery>> {
    let mut deliveries = receiver.recv().await?;
    let commands = |deliveries: &[Delivery]| deliveries.iter().map(|it| it.commands.len()).sum();
    let mut count: usize = commands(&deliveries);
    while count < BATCH_MAX
        && let Ok(more) = receiver.try_recv()
    {
        count += commands(&more);
        deliveries.extend(more);
    }
    Some(deliveries)
}
