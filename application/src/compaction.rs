//! History stays bounded: old edits that one person made in one go become one event. Several workers
//! may do so at once; each board is changed by one of them.

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use sockbit_domain::{BoardId, Seq, Timestamp, squash};
use tokio::time::sleep;

use crate::ports::{
    Clock, CommitResult, CompactableEvents, CompactionCandidate, Squash, Store, StoreError,
};

/// Boards asked for in one go.
const BOARDS_MAX: u32 = 100;
/// What one transaction looks at. Whoever commits waits for no more than that.
const EVENTS_MAX: u32 = 256;
const BYTES_MAX: usize = 1024 * 1024;
/// Between two transactions, so that most of the store's time is left to others.
const BREATH: Duration = Duration::from_millis(20);

/// Compacts the logs of all boards in a store.
pub struct Compaction {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    after: Duration,
}

impl Compaction {
    /// Compacts what is older than `after`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, after: Duration) -> Self {
        Self { store, clock, after }
    }

    /// Looks at every board on which something old was not looked at yet. Answers how many events
    /// fewer there are.
    ///
    /// A board that cannot be read or written holds up no other.
    pub async fn round(&self) -> Result<u64, StoreError> {
        let before = self.clock.ago(self.after);
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
        found: &CompactionCandidate,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let compacting = self.board(found.board, found.settled, before);
        let reason = match AssertUnwindSafe(compacting).catch_unwind().await {
            Ok(Ok(saved)) => return Ok(saved),
            Ok(Err(error)) if self.store.check().await.is_err() => return Err(error),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "compacting it panicked".to_owned(),
        };
        metrics::counter!("sockbit_compaction_failures_total").increment(1);
        tracing::warn!(%reason, board = %found.board, "a board could not be compacted");
        Ok(0)
    }

    /// Compacts one log from where it is settled, in as many transactions as that takes.
    async fn board(
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
            let squash = step(board, settled, &old);
            if self.store.squash(&squash).await? == CommitResult::Conflict {
                // Somebody else is at it.
                return Ok(saved);
            }
            let fewer = squash.runs.iter().map(|run| run.replaced.len() as u64 - 1).sum::<u64>();
            metrics::counter!("sockbit_compacted_events_total").increment(fewer);
            saved += fewer;
            sleep(BREATH).await;
            if !old.more {
                return Ok(saved);
            }
            settled = squash.settled;
        }
    }
}

/// What becomes of the part of a log that follows what is settled.
fn step(board: BoardId, settled: Seq, old: &CompactableEvents) -> Squash {
    let squashed = squash(&old.events);
    let seen = old.events.last().map_or(settled, |(event, _)| event.seq);
    let open = squashed.open.map_or(seen, |from| Seq(from.0.saturating_sub(1)));
    // One edit that leaves no room beside it would be read again for ever.
    let is_stuck = old.more && open == settled && squashed.runs.is_empty();
    Squash {
        board,
        expected: settled,
        runs: squashed.runs,
        seen,
        settled: if is_stuck { seen } else { open },
    }
}
