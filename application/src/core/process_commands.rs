//! The core's use case: a batch of commands becomes commits, events and outcomes.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use sockbit_domain::{BoardId, Event, EventId};

use super::batch_decider::{DecidedBatch, DecisionInputs, decide_batch};
use super::board_batch::{BoardBatch, group_by_board, load_requests};
use super::queries::event_with_predecessor;
use super::{Core, ProcessError};
use crate::bus_messages::{AnnouncedEvent, Announcement, CommandEnvelope, OutcomeEnvelope};
use crate::ports::{BoardChanges, CommitResult, LoadedBoard, StoreError};
use crate::slot::Slot;
use crate::trace_id::TraceId;

/// Attempts at a board whose head another worker changes, after which the senders get `again`.
const ATTEMPTS_MAX: u32 = 16;

/// Events of one board that are read concurrently to be announced again.
const CONCURRENT_READS: usize = 16;

/// What the worker has to do after a batch was processed.
#[derive(Debug, Default)]
pub struct ProcessedBatch {
    /// Commands whose decision failed, with the reason. They have an outcome.
    pub failed: Vec<(CommandEnvelope, String)>,
}

impl Core {
    /// Decides a batch board by board, commits it in one call, announces the events and sends the
    /// outcomes.
    ///
    /// Safe to repeat after an error: commands that were committed get their stored outcomes.
    pub async fn process(&self, batch: &[CommandEnvelope]) -> Result<ProcessedBatch, ProcessError> {
        let boards = group_by_board(batch);
        let mut decided = Vec::with_capacity(boards.len());
        let mut lost = Vec::new();
        for (board, result) in boards.iter().zip(self.decide_and_commit(&boards).await?) {
            match result {
                Some(done) => decided.push((board.id, done)),
                None => lost.push(board),
            }
        }
        for board in lost {
            decided.push((board.id, self.decide_alone(board).await?));
        }
        self.publish(decided).await
    }

    /// One attempt at all boards; `None` for those whose head changed meanwhile.
    async fn decide_and_commit(
        &self,
        boards: &[BoardBatch<'_>],
    ) -> Result<Vec<Option<DecidedBatch>>, StoreError> {
        let loaded = self.ports.decisions.load(&load_requests(boards)).await?;
        let decided = boards.iter().zip(loaded).map(|(board, loaded)| self.decide(board, loaded));
        let (decided, changes): (Vec<_>, Vec<_>) = decided.unzip();
        let has_changes: Vec<bool> = changes.iter().map(Option::is_some).collect();
        let changes: Vec<BoardChanges> = changes.into_iter().flatten().collect();
        let mut results = match changes.as_slice() {
            [] => Vec::new(),
            changes => self.ports.decisions.commit(changes).await?,
        }
        .into_iter();
        let is_committed =
            |has_changes: bool| !has_changes || results.next() == Some(CommitResult::Done);
        let is_committed = has_changes.into_iter().map(is_committed);
        Ok(decided.into_iter().zip(is_committed).map(|(it, is)| is.then_some(it)).collect())
    }

    fn decide(
        &self,
        board: &BoardBatch<'_>,
        loaded: LoadedBoard,
    ) -> (DecidedBatch, Option<BoardChanges>) {
        let inputs = DecisionInputs {
            ids: &*self.ports.ids,
            now: self.ports.clock.now(),
            limits: &self.limits,
        };
        decide_batch(board, loaded, &inputs)
    }

    /// Decides a board whose head changed again, on its new state, without delaying other boards.
    async fn decide_alone(&self, board: &BoardBatch<'_>) -> Result<DecidedBatch, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            metrics::counter!("sockbit_commit_conflicts_total").increment(1);
            let mut result = self.decide_and_commit(std::slice::from_ref(board)).await?;
            if let Some(decided) = result.pop().flatten() {
                return Ok(decided);
            }
        }
        tracing::warn!(board = %board.id, "a board lost every race; its senders resend later");
        Ok(DecidedBatch {
            outcomes: board.commands.iter().map(|it| it.envelope.with_outcome(None)).collect(),
            ..DecidedBatch::default()
        })
    }

    /// Announces events, then sends outcomes.
    async fn publish(
        &self,
        decided: Vec<(BoardId, DecidedBatch)>,
    ) -> Result<ProcessedBatch, ProcessError> {
        let repeated =
            try_join_all(decided.iter().map(|(board, it)| self.repeated_events(*board, it)))
                .await?;
        let mut by_slot: BTreeMap<Slot, Vec<AnnouncedEvent>> = BTreeMap::new();
        let mut outcomes: Vec<OutcomeEnvelope> = Vec::new();
        let mut processed = ProcessedBatch::default();
        for ((board, decided), repeated) in decided.into_iter().zip(repeated) {
            let events = by_slot.entry(Slot::of(board)).or_default();
            events.extend(repeated);
            events.extend(decided.events);
            outcomes.extend(decided.outcomes);
            processed.failed.extend(decided.failed);
        }
        let announcements: Vec<_> = by_slot
            .into_iter()
            .filter(|(_, events)| !events.is_empty())
            .map(|(slot, events)| Announcement { slot, events })
            .collect();
        if !announcements.is_empty() {
            self.ports.announcer.announce(announcements).await?;
        }
        self.ports.announcer.send_outcomes(outcomes).await?;
        Ok(processed)
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
