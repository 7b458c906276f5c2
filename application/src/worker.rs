//! The worker: takes commands and queries off the bus and passes them to the core.

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::Semaphore;

use crate::backoff::{Backoff, Retry};
use crate::bus_messages::CommandEnvelope;
use crate::core::{Core, ProcessError};
use crate::ports::{Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue};

/// Commands in one batch. A larger batch would only delay its first command.
const BATCH_MAX: usize = 512;
/// Attempts at a batch, after which its commands are processed one by one.
const BATCH_ATTEMPTS_MAX: u32 = 2;
/// Queries that are answered concurrently.
const CONCURRENT_QUERIES_MAX: usize = 16;
const BACKOFF: Backoff = Backoff::without_jitter(Duration::from_millis(50), Duration::from_secs(2));

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

    /// Runs until the bus is closed.
    pub async fn run(&self) {
        tokio::join!(self.process_commands(), self.answer_queries());
    }

    async fn process_commands(&self) {
        while let Some(deliveries) = self.work.take(BATCH_MAX).await {
            for AckGroup { tags, batches } in ack_groups(deliveries) {
                for batch in &batches {
                    self.process_with_retries(batch).await;
                }
                if let Err(error) = self.work.acknowledge(tags).await {
                    tracing::warn!(%error, "could not acknowledge; the commands will be redelivered");
                }
            }
        }
    }

    /// Retries a batch until it is processed, also while the store or the bus is unavailable.
    async fn process_with_retries(&self, batch: &[CommandEnvelope]) {
        metrics::histogram!("sockbit_batch_commands").record(batch_size(batch));
        let mut retry = Retry::new(BACKOFF, ());
        let mut attempts = 0;
        while let Err(error) = self.attempt(batch).await {
            attempts += 1;
            tracing::warn!(%error, commands = batch.len(), "could not process a batch; retrying");
            metrics::counter!("sockbit_batch_retries_total").increment(1);
            if attempts >= BATCH_ATTEMPTS_MAX && self.is_caused_by_batch(&error).await {
                return self.process_one_by_one(batch).await;
            }
            tokio::time::sleep(retry.next_delay()).await;
        }
    }

    async fn attempt(&self, batch: &[CommandEnvelope]) -> Result<(), ProcessError> {
        let processing = AssertUnwindSafe(self.core.process(batch)).catch_unwind();
        let processed = processing.await.map_err(|_| ProcessError::Panicked)??;
        self.dead_letter(processed.failed).await.map_err(ProcessError::DeadLetter)
    }

    /// Whether an error is caused by the batch itself: the store fails on it and is healthy
    /// otherwise, or the core panics.
    async fn is_caused_by_batch(&self, error: &ProcessError) -> bool {
        match error {
            ProcessError::Store(_) => self.core.can_commit().await,
            ProcessError::Announce(_) | ProcessError::DeadLetter(_) => false,
            ProcessError::Panicked => true,
        }
    }

    /// Processes the commands that can be processed. The senders of the others are asked to resend,
    /// so that a board that cannot be read or written does not block all other boards.
    async fn process_one_by_one(&self, batch: &[CommandEnvelope]) {
        for command in batch {
            let alone = std::slice::from_ref(command);
            let mut retry = Retry::new(BACKOFF, ());
            while let Err(error) = self.attempt(alone).await {
                if self.is_caused_by_batch(&error).await
                    && self.core.request_resend(alone).await.is_ok()
                {
                    tracing::error!(
                        %error, trace = %command.trace, board = %command.board,
                        "could not process a command; its sender was asked to resend it"
                    );
                    break;
                }
                tokio::time::sleep(retry.next_delay()).await;
            }
        }
    }

    async fn dead_letter(&self, failed: Vec<(CommandEnvelope, String)>) -> Result<(), Unavailable> {
        for (command, reason) in failed {
            let (trace, id) = (command.trace, command.message);
            tracing::error!(%trace, %id, %reason, "a command is dead-lettered");
            self.work.dead_letter(command, reason).await?;
        }
        Ok(())
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

/// Batches that are processed in order, and the deliveries to acknowledge after all of them.
struct AckGroup {
    tags: Vec<DeliveryTag>,
    batches: Vec<Vec<CommandEnvelope>>,
}

/// New deliveries form one batch. Redelivered commands are processed one by one, so that a command
/// that crashes the worker takes as few others with it as possible.
fn ack_groups(deliveries: Vec<Delivery>) -> Vec<AckGroup> {
    let (new, redelivered): (Vec<_>, Vec<_>) =
        deliveries.into_iter().partition(|it| it.redeliveries == 0);
    let mut groups = Vec::new();
    if !new.is_empty() {
        let tags = new.iter().map(|it| it.tag).collect();
        let batch = new.into_iter().flat_map(|it| it.commands).collect();
        groups.push(AckGroup { tags, batches: vec![batch] });
    }
    // Every other time in reverse order, so that the deliveries behind such a command have a turn.
    let is_reversed = redelivered.iter().any(|it| it.redeliveries % 2 == 0);
    let mut redelivered: Vec<AckGroup> = redelivered.into_iter().map(one_by_one).collect();
    if is_reversed {
        redelivered.reverse();
    }
    groups.extend(redelivered);
    groups
}

fn one_by_one(delivery: Delivery) -> AckGroup {
    let batches = delivery.commands.into_iter().map(|command| vec![command]).collect();
    AckGroup { tags: vec![delivery.tag], batches }
}

fn batch_size(batch: &[CommandEnvelope]) -> f64 {
    u32::try_from(batch.len()).map_or(f64::MAX, f64::from)
}
