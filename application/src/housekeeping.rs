//! What whoever has the database does in the background, so that it does not grow for ever: outcomes
//! that nobody asks for any more are forgotten, and history is compacted. Several workers may do so at
//! once.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use uuid::Uuid;

use crate::backoff;
use crate::compaction::Compaction;
use crate::ports::{Clock, Ids, Store, StoreError};

/// Between two rounds, if history is not compacted sooner than that.
const ROUND_EVERY: Duration = Duration::from_mins(10);
/// How long a command may be repeated. A client makes a draft of what it could not send for 60 days, so
/// that a month is left for clocks that are wrong, and for what waits on its way.
const OUTCOMES_KEPT: Duration = Duration::from_hours(90 * 24);
/// What one transaction forgets. Whoever commits waits for no more than that.
const OUTCOMES_MAX: u32 = 500;
/// How many of these are in a round, so that history has its turn however many are left. It is more than
/// a busy worker writes meanwhile.
const STEPS_MAX: u32 = 2_000;
/// Between two transactions, so that most of the store's time is left to others.
const BREATH: Duration = Duration::from_millis(20);

/// Keeps a store in bounds.
pub struct Housekeeping {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Tells those who do this at once apart.
    id: Uuid,
    every: Duration,
    compaction: Option<Compaction>,
}

impl Housekeeping {
    /// Compacts history that is older than `compact_after`, or leaves it as it is where that is `None`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: &dyn Ids,
        compact_after: Option<Duration>,
    ) -> Self {
        let compaction = |after| Compaction::new(Arc::clone(&store), Arc::clone(&clock), after);
        Self {
            compaction: compact_after.map(compaction),
            every: compact_after.unwrap_or(ROUND_EVERY).min(ROUND_EVERY),
            id: ids.mint(),
            store,
            clock,
        }
    }

    /// Goes round for ever. What fails is tried again in the next round.
    pub async fn run(&self) {
        for round in 0_u64.. {
            sleep(self.every / 2 + backoff::jitter((self.id, round), self.every / 2)).await;
            if let Err(error) = self.delete_outcomes_before().await {
                tracing::warn!(%error, "old outcomes could not be forgotten now");
            }
            if let Some(compaction) = &self.compaction
                && let Err(error) = compaction.round().await
            {
                tracing::warn!(%error, "history could not be compacted now");
            }
        }
    }

    async fn delete_outcomes_before(&self) -> Result<(), StoreError> {
        let before = self.clock.ago(OUTCOMES_KEPT);
        for _ in 0..STEPS_MAX {
            let forgotten = self.store.delete_outcomes_before(before, OUTCOMES_MAX).await?;
            metrics::counter!("sockbit_forgotten_outcomes_total").increment(forgotten);
            if forgotten < OUTCOMES_MAX.into() {
                break;
            }
            sleep(BREATH).await;
        }
        Ok(())
    }
}
