//! Compaction keeps history bounded: consecutive old edits by one author become one event. Several
//! workers may compact concurrently; each board is changed by one of them.

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use sockbit_domain::{BoardId, Seq, Timestamp, squash};
use tokio::time::sleep;

use crate::ports::{
    Clock, CommitResult, CompactableEvents, CompactionCandidate, CompactionStore, Squash,
    StoreError, StoreHealth,
};

/// Boards in one request.
const BOARDS_MAX: u32 = 100;
/// Events in one transaction. It bounds how long a commit waits for compaction.
const EVENTS_MAX: u32 = 256;
const BYTES_MAX: usize = 1024 * 1024;
/// Pause between two transactions, which leaves most of the store's time to other work.
const PAUSE: Duration = Duration::from_millis(20);

/// Compacts the logs of all boards in a store.
pub struct Compaction {
    store: Arc<dyn CompactionStore>,
    health: Arc<dyn StoreHealth>,
    clock: Arc<dyn Clock>,
    min_age: Duration,
}

impl Compaction {
    /// Compacts events that are older than `min_age`.
    #[must_use]
    pub fn new(
        store: Arc<dyn CompactionStore>,
        health: Arc<dyn StoreHealth>,
        clock: Arc<dyn Clock>,
        min_age: Duration,
    ) -> Self {
        Self { store, health, clock, min_age }
    }

    /// The age from which events are compacted.
    #[must_use]
    pub fn min_age(&self) -> Duration {
        self.min_age
    }

    /// Compacts every board with old events that compaction has not seen. Returns by how many
    /// events the logs became shorter.
    ///
    /// A board that cannot be read or written does not block the others.
    pub async fn round(&self) -> Result<u64, StoreError> {
        let before = self.clock.ago(self.min_age);
        let (mut saved, mut after) = (0, None);
        loop {
            let boards = self.store.compaction_candidates(before, after, BOARDS_MAX).await?;
            for board in &boards {
                saved += self.try_board(board, before).await?;
            }
            match boards.last() {
                Some(last) => after = Some(*last),
                None => return Ok(saved),
            }
        }
    }

    async fn try_board(
        &self,
        candidate: &CompactionCandidate,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let compacting = self.compact_board(candidate.board, candidate.settled, before);
        let reason = match AssertUnwindSafe(compacting).catch_unwind().await {
            Ok(Ok(saved)) => return Ok(saved),
            Ok(Err(error)) if self.health.check().await.is_err() => return Err(error),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "compacting it panicked".to_owned(),
        };
        metrics::counter!("sockbit_compaction_failures_total").increment(1);
        tracing::warn!(%reason, board = %candidate.board, "a board could not be compacted");
        Ok(0)
    }

    /// Compacts one log from `settled` on, in as many transactions as that takes.
    async fn compact_board(
        &self,
        board: BoardId,
        mut settled: Seq,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut saved = 0;
        loop {
            let old = self
                .store
                .compactable_events(board, settled, before, EVENTS_MAX, BYTES_MAX)
                .await?;
            let squash = squash_events(board, settled, &old);
            if self.store.squash(&squash).await? == CommitResult::Conflict {
                // Another worker compacts this board.
                return Ok(saved);
            }
            let fewer = squash.runs.iter().map(|run| run.replaced.len() as u64 - 1).sum::<u64>();
            metrics::counter!("sockbit_compacted_events_total").increment(fewer);
            saved += fewer;
            sleep(PAUSE).await;
            if !old.more {
                return Ok(saved);
            }
            settled = squash.settled;
        }
    }
}

/// Squashes the events that follow `settled`. The edits at the end stay unsettled, since the next
/// events may extend their run.
fn squash_events(board: BoardId, settled: Seq, old: &CompactableEvents) -> Squash {
    let squashed = squash(&old.events);
    let seen = old.events.last().map_or(settled, |(event, _)| event.seq);
    let open = squashed.open.map_or(seen, |from| Seq(from.0.saturating_sub(1)));
    // A single edit that fills the whole page would be read again for ever.
    let is_stuck = old.more && open == settled && squashed.runs.is_empty();
    Squash {
        board,
        expected: settled,
        runs: squashed.runs,
        seen,
        settled: if is_stuck { seen } else { open },
    }
}
