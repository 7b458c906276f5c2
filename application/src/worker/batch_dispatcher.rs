//! Forms batches of the commands that wait, and processes several at a time.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};

use super::batch::Batch;
use super::batch_processor::BatchProcessor;
use super::waiting_deliveries::{BATCH_MAX, WaitingDeliveries};
use crate::bus_messages::CommandEnvelope;
use crate::ports::{Confirm, DeliveryTag, Unavailable, WorkQueue};

/// Batches of new deliveries that are processed at a time. What arrives meanwhile forms the next
/// batch, so that the cost of a commit and of its announcement is shared under load.
const CONCURRENT_BATCHES_MAX: usize = 2;
/// Batches that are committed and not acknowledged. A bus that does not confirm stops the worker at
/// this number.
const UNACKNOWLEDGED_MAX: usize = 64;

/// Takes deliveries off the bus until it is closed. At most one batch at a time has commands of one
/// work queue, so that these are processed in order.
struct BatchDispatcher {
    processor: BatchProcessor,
    committed: mpsc::Sender<CommittedBatch>,
    waiting: WaitingDeliveries,
    /// The batches in progress. Dropped with the dispatcher, and their tasks with it.
    tasks: JoinSet<()>,
    running: BTreeMap<Id, RunningBatch>,
}

struct RunningBatch {
    queues: BTreeSet<u64>,
    has_redelivered: bool,
}

/// A committed batch whose events and outcomes the bus has not confirmed yet.
struct CommittedBatch {
    tags: Vec<DeliveryTag>,
    commands: Vec<CommandEnvelope>,
    confirmed: Confirm<Unavailable>,
}

/// Runs until the bus is closed and the commands that were taken are processed.
pub(super) async fn process_commands(work: &dyn WorkQueue, processor: &BatchProcessor) {
    let (sender, committed) = mpsc::channel(1);
    let dispatcher = BatchDispatcher {
        processor: processor.clone(),
        committed: sender,
        waiting: WaitingDeliveries::default(),
        tasks: JoinSet::new(),
        running: BTreeMap::new(),
    };
    tokio::join!(dispatcher.run(work), acknowledge(committed, processor));
}

impl BatchDispatcher {
    async fn run(mut self, work: &dyn WorkQueue) {
        let mut is_closed = false;
        while !(is_closed && self.running.is_empty()) {
            tokio::select! {
                // Always in the same order, so that a simulated run can be repeated.
                biased;
                Some(ended) = self.tasks.join_next_with_id() => self.end(ended),
                deliveries = work.take(BATCH_MAX), if !is_closed => match deliveries {
                    Some(deliveries) => self.waiting.add(deliveries),
                    None => is_closed = true,
                },
            }
            self.start_batches();
        }
    }

    fn start_batches(&mut self) {
        let mut busy: BTreeSet<u64> =
            self.running.values().flat_map(|it| it.queues.iter().copied()).collect();
        while let Some(batch) = self.waiting.take_redelivered(&busy) {
            busy.extend(&batch.queues);
            self.start(batch);
        }
        let new = self.running.values().filter(|it| !it.has_redelivered).count();
        for _ in new..CONCURRENT_BATCHES_MAX {
            let Some(batch) = self.waiting.take_new(&busy) else { return };
            busy.extend(&batch.queues);
            self.start(batch);
        }
    }

    fn start(&mut self, batch: Batch) {
        let running = RunningBatch {
            queues: batch.queues.clone(),
            has_redelivered: !batch.redelivered.is_empty(),
        };
        let processing = process(batch, self.processor.clone(), self.committed.clone());
        let task = self.tasks.spawn(processing);
        self.running.insert(task.id(), running);
    }

    /// A batch that panicked loses nothing: its deliveries are not acknowledged.
    fn end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
        self.running.remove(&id);
    }
}

/// Processes a batch. New deliveries are acknowledged once the bus confirms, which the next batch
/// does not wait for.
async fn process(batch: Batch, processor: BatchProcessor, committed: mpsc::Sender<CommittedBatch>) {
    if let Some(new) = batch.new {
        let confirmed = processor.process(&new.commands).await;
        let batch = CommittedBatch { tags: new.tags, commands: new.commands, confirmed };
        // The receiver is dropped only together with this task.
        committed.send(batch).await.ok();
    }
    for delivery in batch.redelivered {
        // Each command is confirmed before the next one: one of them may have crashed a worker.
        for command in &delivery.commands {
            let command = std::slice::from_ref(command);
            let confirmed = processor.process(command).await;
            processor.confirm(command, confirmed).await;
        }
        processor.acknowledge(vec![delivery.tag]).await;
    }
}

/// Acknowledges the deliveries of batches as soon as they are confirmed.
async fn acknowledge(mut committed: mpsc::Receiver<CommittedBatch>, processor: &BatchProcessor) {
    let acknowledge = async |CommittedBatch { tags, commands, confirmed }| {
        processor.confirm(&commands, confirmed).await;
        processor.acknowledge(tags).await;
    };
    let committed = stream::poll_fn(|context| committed.poll_recv(context));
    committed.for_each_concurrent(UNACKNOWLEDGED_MAX, acknowledge).await;
}
