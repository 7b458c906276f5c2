//! The worker: takes messages off the bus, has the core deal with them, and lets them go.

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::Semaphore;

use crate::backoff::{Backoff, Retry};
use crate::core::{Core, ProcessError};
use crate::envelope::CommandEnvelope;
use crate::ports::{Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue};

/// Commands decided in one go. More would only make the first of them wait longer.
const BATCH_MAX: usize = 512;
/// Attempts at a batch after which its commands are looked at one by one.
const ATTEMPTS_TOGETHER: u32 = 2;
/// Questions answered at the same time.
const QUESTIONS_MAX: usize = 16;
const BACKOFF: Backoff = Backoff::without_jitter(Duration::from_millis(50), Duration::from_secs(2));

/// Runs the core on what a bus brings.
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

    /// Works until the bus is closed.
    pub async fn run(&self) {
        tokio::join!(self.work_off_commands(), self.answer_questions());
    }

    async fn work_off_commands(&self) {
        while let Some(deliveries) = self.work.take(BATCH_MAX).await {
            for AckGroup { tags, batches } in ack_groups(deliveries) {
                for batch in &batches {
                    self.carry_through(batch).await;
                }
                if let Err(error) = self.work.acknowledge(tags).await {
                    tracing::warn!(%error, "an acknowledgement was lost; the commands come again");
                }
            }
        }
    }

    /// Holds on to a batch until it is through: while the store or the bus is away, it waits here.
    async fn carry_through(&self, batch: &[CommandEnvelope]) {
        metrics::histogram!("sockbit_batch_commands").record(size(batch));
        let mut retry = Retry::new(BACKOFF, ());
        let mut attempts = 0;
        while let Err(error) = self.attempt(batch).await {
            attempts += 1;
            tracing::warn!(%error, commands = batch.len(), "a batch has to wait");
            metrics::counter!("sockbit_batch_retries_total").increment(1);
            if attempts >= ATTEMPTS_TOGETHER && self.is_about(&error).await {
                return self.one_by_one(batch).await;
            }
            tokio::time::sleep(retry.next_delay()).await;
        }
    }

    async fn attempt(&self, batch: &[CommandEnvelope]) -> Result<(), ProcessError> {
        let processing = AssertUnwindSafe(self.core.process(batch)).catch_unwind();
        let processed = processing.await.map_err(|_| ProcessError::Panicked)??;
        self.dead_letter(processed.failed).await.map_err(ProcessError::DeadLetter)
    }

    /// Whether an error is about what is in the batch: the store fails on it and is well otherwise.
    async fn is_about(&self, error: &ProcessError) -> bool {
        match error {
            ProcessError::Store(_) => self.core.can_commit().await,
            ProcessError::Announce(_) | ProcessError::DeadLetter(_) => false,
            ProcessError::Panicked => true,
        }
    }

    /// Carries through what can be. The rest goes back to its senders, who keep it, so that a board
    /// that cannot be read or written does not hold up all others.
    async fn one_by_one(&self, batch: &[CommandEnvelope]) {
        for command in batch {
            let alone = std::slice::from_ref(command);
            let mut retry = Retry::new(BACKOFF, ());
            while let Err(error) = self.attempt(alone).await {
                if self.is_about(&error).await && self.core.request_resend(alone).await.is_ok() {
                    tracing::error!(
                        %error, trace = %command.trace, board = %command.board,
                        "a command goes back to its sender"
                    );
                    break;
                }
                tokio::time::sleep(retry.next_delay()).await;
            }
        }
    }

    async fn dead_letter(&self, failed: Vec<(CommandEnvelope, String)>) -> Result<(), Unavailable> {
        for (command, reason) in failed {
            self.work.dead_letter(command, reason).await?;
        }
        Ok(())
    }

    async fn answer_questions(&self) {
        let places = Arc::new(Semaphore::new(QUESTIONS_MAX));
        while let Some(ReceivedQuery { query, reply }) = self.queries.next().await {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let core = Arc::clone(&self.core);
            tokio::spawn(async move {
                reply(core.query(query).await);
                drop(place);
            });
        }
    }
}

/// What is carried through in batches, one after the other, and acknowledged together.
struct AckGroup {
    tags: Vec<DeliveryTag>,
    batches: Vec<Vec<CommandEnvelope>>,
}

/// What is new goes in one batch. What was delivered before goes one by one, so that a command that brings workers down
/// takes as few others with it as can be.
fn ack_groups(deliveries: Vec<Delivery>) -> Vec<AckGroup> {
    let (new, again): (Vec<_>, Vec<_>) =
        deliveries.into_iter().partition(|it| it.redeliveries == 0);
    let mut ack_groups = Vec::new();
    if !new.is_empty() {
        let tags = new.iter().map(|it| it.tag).collect();
        let batch = new.into_iter().flat_map(|it| it.commands).collect();
        ack_groups.push(AckGroup { tags, batches: vec![batch] });
    }
    // The other way round every other time, so that those behind such a command are reached as well.
    let is_backwards = again.iter().any(|it| it.redeliveries % 2 == 0);
    let mut again: Vec<AckGroup> = again.into_iter().map(one_by_one).collect();
    if is_backwards {
        again.reverse();
    }
    ack_groups.extend(again);
    ack_groups
}

fn one_by_one(delivery: Delivery) -> AckGroup {
    let batches = delivery.commands.into_iter().map(|command| vec![command]).collect();
    AckGroup { tags: vec![delivery.tag], batches }
}

fn size(batch: &[CommandEnvelope]) -> f64 {
    u32::try_from(batch.len()).map_or(f64::MAX, f64::from)
}
