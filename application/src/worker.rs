//! The worker: takes commands and queries off the bus and passes them to the core.

mod ack_group;
mod batch_processor;
mod command_task;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::core::Core;
use crate::ports::{Delivery, QueryQueue, ReceivedQuery, WorkQueue};

use batch_processor::BatchProcessor;
use command_task::{BATCH_MAX, CommandTask};

/// Tasks that process commands concurrently. Each work queue belongs to one of them, so that its
/// commands are processed in order, and does not wait for the queues of the others.
const COMMAND_TASKS: u64 = 32;
/// Queries that are answered concurrently.
const CONCURRENT_QUERIES_MAX: usize = 16;

/// Runs the core on what a bus delivers.
pub struct Worker {
    core: Arc<Core>,
    work: Arc<dyn WorkQueue>,
    queries: Arc<dyn QueryQueue>,
}

impl Worker {
    /// A worker on these ports.
    #[must_use]
    pub fn new(core: Arc<Core>, work: Arc<dyn WorkQueue>, queries: Arc<dyn QueryQueue>) -> Self {
        Self { core, work, queries }
    }

    /// Runs until the bus is closed and the commands that were taken are processed.
    pub async fn run(&self) {
        tokio::join!(self.process_commands(), self.answer_queries());
    }

    async fn process_commands(&self) {
        // Dropped with the worker, and its tasks with it.
        let mut tasks = JoinSet::new();
        let senders: Vec<_> = (0..COMMAND_TASKS).map(|_| self.spawn_task(&mut tasks)).collect();
        while let Some(deliveries) = self.work.take(BATCH_MAX).await {
            for (task, deliveries) in by_task(deliveries) {
                // A task ends only after its sender is dropped, or by a panic, which loses nothing:
                // the deliveries are not acknowledged.
                senders.get(task).map(|sender| sender.send(deliveries));
            }
        }
        drop(senders);
        while tasks.join_next().await.is_some() {}
    }

    fn spawn_task(&self, tasks: &mut JoinSet<()>) -> mpsc::UnboundedSender<Vec<Delivery>> {
        // Not bounded here: a bus bounds the deliveries that are not acknowledged.
        let (sender, deliveries) = mpsc::unbounded_channel();
        let processor = BatchProcessor::new(Arc::clone(&self.core), Arc::clone(&self.work));
        tasks.spawn(CommandTask::new(processor).run(deliveries));
        sender
    }

    async fn answer_queries(&self) {
        let permits = Arc::new(Semaphore::new(CONCURRENT_QUERIES_MAX));
        while let Some(ReceivedQuery { query, reply }) = self.queries.next().await {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let core = Arc::clone(&self.core);
            tokio::spawn(async move {
                reply(core.query(query).await);
                drop(permit);
            });
        }
    }
}

/// The deliveries for each task, in the order in which the bus delivered them.
fn by_task(deliveries: Vec<Delivery>) -> BTreeMap<usize, Vec<Delivery>> {
    let mut tasks: BTreeMap<usize, Vec<Delivery>> = BTreeMap::new();
    for delivery in deliveries {
        let task = usize::try_from(delivery.tag.queue % COMMAND_TASKS).unwrap_or_default();
        tasks.entry(task).or_default().push(delivery);
    }
    tasks
}
