//! History stays bounded: in the background, old edits that one person made in one go become one
//! event. Several workers may do so at once; each board is changed by one of them.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use sockbit_domain::{BoardId, Seq, Timestamp, squash};
use tokio::time::sleep;
use uuid::Uuid;

use crate::backoff;
use crate::ports::{Clock, Commit, Ids, OldEvents, Squash, Store, StoreError, Uncompacted};

/// Between two rounds, if history is not compacted sooner than that.
const ROUND_EVERY: Duration = Duration::from_mins(10);
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
    /// Tells those who do this at once apart.
    id: Uuid,
    after: Duration,
}

impl Compaction {
    /// Compacts what is older than `after`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: &dyn Ids,
        after: Duration,
    ) -> Self {
        Self { store, clock, id: ids.mint(), after }
    }

    /// Goes round for ever. What fails is tried again in the next round.
    pub async fn run(&self) {
        let every = self.after.min(ROUND_EVERY);
        for round in 0_u64.. {
            sleep(every / 2 + backoff::spread((self.id, round), every / 2)).await;
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "history could not be compacted now");
            }
        }
    }

    /// Looks at every board on which something old was not looked at yet. Answers how many events
    /// fewer there are.
    ///
    /// A board that cannot be read or written holds up no other.
    pub async fn round(&self) -> Result<u64, StoreError> {
        let before = self.horizon();
        let (mut saved, mut after) = (0, None);
        loop {
            let boards = self.store.uncompacted(before, after, BOARDS_MAX).await?;
            for board in &boards {
                saved += self.try_board(board, before).await?;
            }
            match boards.last() {
                Some(last) => after = Some(*last),
                None => return Ok(saved),
            }
        }
    }

    fn horizon(&self) -> Timestamp {
        let after = i64::try_from(self.after.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.clock.now().0.saturating_sub(after))
    }

    async fn try_board(&self, found: &Uncompacted, before: Timestamp) -> Result<u64, StoreError> {
        let result = self.board(found.board, found.settled, before).await;
        if let Err(error) = &result
            && self.store.check().await.is_ok()
        {
            tracing::warn!(%error, board = %found.board, "a board could not be compacted");
            return Ok(0);
        }
        result
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
            let old = self.store.old_events(board, settled, before, EVENTS_MAX, BYTES_MAX).await?;
            let squash = step(board, settled, &old);
            if self.store.squash(&squash).await? == Commit::Conflict {
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
fn step(board: BoardId, settled: Seq, old: &OldEvents) -> Squash {
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
