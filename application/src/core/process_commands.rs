//! The core's use case: a batch of commands becomes commits, events and outcomes.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::time::Duration;

use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use sockbit_domain::{BoardId, Event, EventId};

use super::batch_decider::DecidedBatch;
use super::board_batch::{BoardBatch, group_by_board};
use super::decide_and_commit::BoardSource;
use super::queries::event_with_predecessor;
use super::{Core, ProcessError};
use crate::backoff::{Backoff, Retry};
use crate::bus_messages::{AnnouncedEvent, Announcement, CommandEnvelope, OutcomeEnvelope};
use crate::ports::{Confirm, StoreError, Unavailable};
use crate::slot::Slot;
use crate::trace_id::TraceId;

/// Attempts at a board whose head other workers change, after those of the whole batch. Then its
/// senders get `again`.
const ATTEMPTS_ALONE_MAX: u32 = 15;
/// Between these attempts. Another worker that has the board in its cache commits faster than this
/// one loads it, so this one waits until the other pauses.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(32));

/// Events of one board that are read concurrently to be announced again.
const CONCURRENT_READS: usize = 16;

/// A committed batch, and what its worker still has to do.
pub struct ProcessedBatch {
    /// Commands whose decision failed, with the reason. They have an outcome.
    pub failed: Vec<(CommandEnvelope, String)>,
    /// Ready once the bus has confirmed the events and outcomes. If it fails, the batch must be
    /// processed again.
    pub confirmed: Confirm<Unavailable>,
}

impl Debug for ProcessedBatch {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProcessedBatch")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Core {
    /// Decides a batch board by board, commits it in one call, announces the events and sends the
    /// outcomes. It does not wait for the confirms of the bus.
    ///
    /// Safe to repeat after an error: commands that were committed get their stored outcomes.
    pub async fn process(&self, batch: &[CommandEnvelope]) -> Result<ProcessedBatch, ProcessError> {
        let boards = group_by_board(batch);
        let mut decided = Vec::with_capacity(boards.len());
        let mut undecided: Vec<&BoardBatch<'_>> = boards.iter().collect();
        for source in [BoardSource::Cache, BoardSource::Store] {
            undecided = self.attempt(undecided, source, &mut decided).await?;
        }
        for board in undecided {
            decided.push((board.id, self.decide_alone(board).await?));
        }
        self.publish(decided).await
    }

    /// One attempt at these boards. Returns those that must be decided again.
    async fn attempt<'a>(
        &self,
        boards: Vec<&'a BoardBatch<'a>>,
        source: BoardSource,
        decided: &mut Vec<(BoardId, DecidedBatch)>,
    ) -> Result<Vec<&'a BoardBatch<'a>>, StoreError> {
        let mut undecided = Vec::new();
        let results = self.decide_and_commit(&boards, source).await?;
        for (board, result) in boards.into_iter().zip(results) {
            match result {
                Some(result) => decided.push((board.id, result)),
                None => undecided.push(board),
            }
        }
        metrics::counter!("sockbit_commit_conflicts_total").increment(undecided.len() as u64);
        Ok(undecided)
    }

    /// Decides a board whose head changes again and again.
    async fn decide_alone(&self, board: &BoardBatch<'_>) -> Result<DecidedBatch, StoreError> {
        let first = board.commands.first().map(|it| it.envelope.message);
        let mut retry = Retry::new(BACKOFF, first);
        for _ in 0..ATTEMPTS_ALONE_MAX {
            tokio::time::sleep(retry.next_delay()).await;
            let mut results = self.decide_and_commit(&[board], BoardSource::Store).await?;
            if let Some(decided) = results.pop().flatten() {
                return Ok(decided);
            }
            metrics::counter!("sockbit_commit_conflicts_total").increment(1);
        }
        tracing::warn!(board = %board.id, "a board lost every race; its senders resend later");
        Ok(DecidedBatch {
            outcomes: board.commands.iter().map(|it| it.envelope.with_outcome(None)).collect(),
            ..DecidedBatch::default()
        })
    }

    /// Publishes events, then outcomes.
    async fn publish(
        &self,
        decided: Vec<(BoardId, DecidedBatch)>,
    ) -> Result<ProcessedBatch, ProcessError> {
        let repeated =
            try_join_all(decided.iter().map(|(board, it)| self.repeated_events(*board, it)))
                .await?;
        let mut by_slot: BTreeMap<Slot, Vec<AnnouncedEvent>> = BTreeMap::new();
        let mut outcomes: Vec<OutcomeEnvelope> = Vec::new();
        let mut failed = Vec::new();
        for ((board, decided), repeated) in decided.into_iter().zip(repeated) {
            let events = by_slot.entry(Slot::of(board)).or_default();
            events.extend(repeated);
            events.extend(decided.events);
            outcomes.extend(decided.outcomes);
            failed.extend(decided.failed);
        }
        let announcements: Vec<_> = by_slot
            .into_iter()
            .filter(|(_, events)| !events.is_empty())
            .map(|(slot, events)| Announcement { slot, events })
            .collect();
        let confirmed = self.ports.announcer.publish(announcements, outcomes);
        Ok(ProcessedBatch { failed, confirmed })
    }

    /// Reads the events of repeated commands to announce them again: the run that committed them
    /// may have ended before it announced them. Receivers skip known events by their numbers.
    async fn repeated_events(
        &self,
        board: BoardId,
        decided: &DecidedBatch,
    ) -> Result<Vec<AnnouncedEvent>, StoreError> {
        let store = &*self.ports.reads;
        let seqs = stream::iter(decided.repeated.iter().copied());
        let found: Vec<_> = seqs
            .map(|seq| event_with_predecessor(store, board, seq))
            .buffered(CONCURRENT_READS)
            .try_collect()
            .await?;
        let found = found.into_iter().flatten();
        Ok(found.map(|(follows, event)| announced(follows, event, decided)).collect())
    }
}

fn announced(follows: Option<EventId>, event: Event, decided: &DecidedBatch) -> AnnouncedEvent {
    let outcome = decided.outcomes.iter().find(|outcome| outcome.message == event.message);
    let trace = outcome.map_or(TraceId::default(), |outcome| outcome.trace);
    AnnouncedEvent { trace, follows, event }
}
