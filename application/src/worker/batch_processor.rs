//! Processes batches until they are committed, also while the store or the bus is unavailable.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::try_join_all;

use crate::backoff::{Backoff, Retry};
use crate::bus_messages::CommandEnvelope;
use crate::core::{Core, ProcessError};
use crate::ports::{Confirm, DeliveryTag, Unavailable, WorkQueue};

/// Attempts at a batch, after which its commands are processed one by one.
const BATCH_ATTEMPTS_MAX: u32 = 2;
const BACKOFF: Backoff = Backoff::without_jitter(Duration::from_millis(50), Duration::from_secs(2));

#[derive(Clone)]
pub(super) struct BatchProcessor {
    core: Arc<Core>,
    work: Arc<dyn WorkQueue>,
}

impl BatchProcessor {
    pub fn new(core: Arc<Core>, work: Arc<dyn WorkQueue>) -> Self {
        Self { core, work }
    }

    /// Retries a batch until it is committed. The result is ready once the bus has confirmed its
    /// events and outcomes.
    pub async fn process(&self, batch: &[CommandEnvelope]) -> Confirm<Unavailable> {
        metrics::histogram!("sockbit_batch_commands").record(batch_size(batch));
        let mut retry = Retry::new(BACKOFF, ());
        let mut attempts = 0;
        loop {
            let error = match self.attempt(batch).await {
                Ok(confirmed) => return confirmed,
                Err(error) => error,
            };
            attempts += 1;
            count_retry(&error, batch);
            if attempts >= BATCH_ATTEMPTS_MAX && self.is_caused_by_batch(&error).await {
                return self.process_one_by_one(batch).await;
            }
            tokio::time::sleep(retry.next_delay()).await;
        }
    }

    /// Waits for the confirms of a processed batch. Processes it again until the bus confirms it.
    pub async fn confirm(&self, batch: &[CommandEnvelope], mut confirmed: Confirm<Unavailable>) {
        let mut retry = Retry::new(BACKOFF, ());
        while let Err(error) = confirmed.await {
            count_retry(&ProcessError::Announce(error), batch);
            tokio::time::sleep(retry.next_delay()).await;
            confirmed = self.process(batch).await;
        }
    }

    pub async fn acknowledge(&self, tags: Vec<DeliveryTag>) {
        if let Err(error) = self.work.acknowledge(tags).await {
            tracing::warn!(%error, "could not acknowledge; the commands will be redelivered");
        }
    }

    async fn attempt(
        &self,
        batch: &[CommandEnvelope],
    ) -> Result<Confirm<Unavailable>, ProcessError> {
        let processing = AssertUnwindSafe(self.core.process(batch)).catch_unwind();
        let processed = processing.await.map_err(|_| ProcessError::Panicked)??;
        self.dead_letter(processed.failed).await.map_err(ProcessError::DeadLetter)?;
        Ok(processed.confirmed)
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
    async fn process_one_by_one(&self, batch: &[CommandEnvelope]) -> Confirm<Unavailable> {
        let mut confirms = Vec::with_capacity(batch.len());
        for command in batch {
            let alone = std::slice::from_ref(command);
            let mut retry = Retry::new(BACKOFF, ());
            loop {
                let error = match self.attempt(alone).await {
                    Ok(confirmed) => break confirms.push(confirmed),
                    Err(error) => error,
                };
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
        try_join_all(confirms).map(|confirmed| confirmed.map(drop)).boxed()
    }

    async fn dead_letter(&self, failed: Vec<(CommandEnvelope, String)>) -> Result<(), Unavailable> {
        for (command, reason) in failed {
            let (trace, id) = (command.trace, command.message);
            tracing::error!(%trace, %id, %reason, "a command is dead-lettered");
            self.work.dead_letter(command, reason).await?;
        }
        Ok(())
    }
}

fn count_retry(error: &ProcessError, batch: &[CommandEnvelope]) {
    tracing::warn!(%error, commands = batch.len(), "could not process a batch; retrying");
    metrics::counter!("sockbit_batch_retries_total").increment(1);
}

fn batch_size(batch: &[CommandEnvelope]) -> f64 {
    u32::try_from(batch.len()).map_or(f64::MAX, f64::from)
}
