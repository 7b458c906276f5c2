//! Housekeeping bounds the growth of the database in the background: it deletes old outcomes and
//! compacts history. It runs where the database is; several workers may run it concurrently.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use uuid::Uuid;

use crate::backoff;
use crate::history_compaction::Compaction;
use crate::ports::{Clock, Ids, OutcomeRetention, StoreError};

/// The longest interval between two rounds. It is shorter if history is compacted sooner.
const INTERVAL_MAX: Duration = Duration::from_mins(10);
/// How long outcomes are kept, and so how long a command may be repeated. A client resends for up to
/// 60 days; a month is left for wrong clocks and for messages in queues.
const OUTCOME_AGE_MAX: Duration = Duration::from_hours(90 * 24);
/// Outcomes deleted in one transaction. It bounds how long a commit waits for the deletion.
const OUTCOMES_MAX: u32 = 500;
/// Transactions in one round, so that compaction has its turn. They delete more outcomes than a busy
/// worker writes in the meantime.
const DELETIONS_MAX: u32 = 2_000;
/// Pause between two transactions, which leaves most of the store's time to other work.
const PAUSE: Duration = Duration::from_millis(20);

/// Bounds the growth of a store.
pub struct Housekeeping {
    outcomes: Arc<dyn OutcomeRetention>,
    compaction: Option<Compaction>,
    clock: Arc<dyn Clock>,
    /// Seeds the jitter: concurrent instances do not run in step.
    id: Uuid,
    interval: Duration,
}

impl Housekeeping {
    /// Deletes old outcomes, and compacts history unless `compaction` is `None`.
    #[must_use]
    pub fn new(
        outcomes: Arc<dyn OutcomeRetention>,
        compaction: Option<Compaction>,
        clock: Arc<dyn Clock>,
        ids: &dyn Ids,
    ) -> Self {
        let interval = compaction.as_ref().map_or(INTERVAL_MAX, Compaction::min_age);
        Self { outcomes, compaction, clock, id: ids.mint(), interval: interval.min(INTERVAL_MAX) }
    }

    /// Runs rounds for ever. What fails is retried in the next round.
    pub async fn run(&self) {
        for round in 0_u64.. {
            sleep(self.interval / 2 + backoff::jitter((self.id, round), self.interval / 2)).await;
            if let Err(error) = self.delete_old_outcomes().await {
                tracing::warn!(%error, "could not delete old outcomes");
            }
            if let Some(compaction) = &self.compaction
                && let Err(error) = compaction.round().await
            {
                tracing::warn!(%error, "could not compact history");
            }
        }
    }

    async fn delete_old_outcomes(&self) -> Result<(), StoreError> {
        let before = self.clock.ago(OUTCOME_AGE_MAX);
        for _ in 0..DELETIONS_MAX {
            let deleted = self.outcomes.delete_outcomes_before(before, OUTCOMES_MAX).await?;
            metrics::counter!("sockbit_forgotten_outcomes_total").increment(deleted);
            if deleted < OUTCOMES_MAX.into() {
                break;
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }
}
