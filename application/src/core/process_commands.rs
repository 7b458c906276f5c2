//! The use case of the core: a batch of commands becomes commits, events and outcomes.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use sockbit_domain::{BoardId, Event, EventId};

use super::batch_decider::{DecidedBatch, DecisionInputs, decide_board};
use super::board_batch::{BoardBatch, group_by_board, wanted};
use super::queries::event_and_what_it_follows;
use super::{Core, ProcessError};
use crate::envelope::{AnnouncedEvent, Announcement, CommandEnvelope, OutcomeEnvelope};
use crate::ports::{BoardChanges, CommitResult, LoadedBoard, StoreError};
use crate::slot::Slot;
use crate::trace::TraceId;

/// How often a board that loses its race is decided anew before its senders are asked to try later.
const ATTEMPTS_MAX: u32 = 16;

/// Events of one board that are read at the same time to be announced again.
const READS_AT_ONCE: usize = 16;

/// What became of a batch, for the worker.
#[derive(Debug, Default)]
pub struct ProcessedBatch {
    /// Commands on which deciding itself failed, and how. They have an outcome.
    pub failed: Vec<(CommandEnvelope, String)>,
}

impl Core {
    /// Decides a batch board by board, commits it in one go, announces what happened and answers
    /// every command.
    ///
    /// Safe to run again after an error: what was committed is answered from its outcomes.
    pub async fn process(&self, batch: &[CommandEnvelope]) -> Result<ProcessedBatch, ProcessError> {
        let boards = group_by_board(batch);
        let mut decided = Vec::with_capacity(boards.len());
        let mut lost = Vec::new();
        for (batch, result) in boards.iter().zip(self.decide_and_commit(&boards).await?) {
            match result {
                Some(done) => decided.push((batch.board, done)),
                None => lost.push(batch),
            }
        }
        for batch in lost {
            decided.push((batch.board, self.decide_alone(batch).await?));
        }
        self.tell(decided).await
    }

    /// One attempt at all boards; `None` for those that lost their race.
    async fn decide_and_commit(
        &self,
        boards: &[BoardBatch<'_>],
    ) -> Result<Vec<Option<DecidedBatch>>, StoreError> {
        let loaded = self.ports.store.load(&wanted(boards)).await?;
        let decided = boards.iter().zip(loaded).map(|(batch, loaded)| self.decide(batch, loaded));
        let (decided, changes): (Vec<_>, Vec<_>) = decided.unzip();
        let has_changes: Vec<bool> = changes.iter().map(Option::is_some).collect();
        let changes: Vec<BoardChanges> = changes.into_iter().flatten().collect();
        let mut verdicts = match changes.as_slice() {
            [] => Vec::new(),
            changes => self.ports.store.commit(changes).await?,
        }
        .into_iter();
        let is_settled =
            |has_changes: bool| !has_changes || verdicts.next() == Some(CommitResult::Done);
        let is_settled = has_changes.into_iter().map(is_settled);
        Ok(decided.into_iter().zip(is_settled).map(|(it, is)| is.then_some(it)).collect())
    }

    fn decide(
        &self,
        batch: &BoardBatch<'_>,
        loaded: LoadedBoard,
    ) -> (DecidedBatch, Option<BoardChanges>) {
        let stamp = DecisionInputs {
            ids: &*self.ports.ids,
            now: self.ports.clock.now(),
            limits: &self.limits,
        };
        decide_board(batch, loaded, &stamp)
    }

    /// A board that lost its race is decided on what the winner left, without holding up others.
    async fn decide_alone(&self, batch: &BoardBatch<'_>) -> Result<DecidedBatch, StoreError> {
        for _ in 0..ATTEMPTS_MAX {
            metrics::counter!("sockbit_commit_conflicts_total").increment(1);
            let mut result = self.decide_and_commit(std::slice::from_ref(batch)).await?;
            if let Some(decided) = result.pop().flatten() {
                return Ok(decided);
            }
        }
        tracing::warn!(board = %batch.board, "a board lost every race; its senders try later");
        Ok(DecidedBatch {
            answers: batch.commands.iter().map(|it| it.envelope.with_outcome(None)).collect(),
            ..DecidedBatch::default()
        })
    }

    async fn tell(
        &self,
        decided: Vec<(BoardId, DecidedBatch)>,
    ) -> Result<ProcessedBatch, ProcessError> {
        let repeated =
            try_join_all(decided.iter().map(|(board, it)| self.repeated(*board, it))).await?;
        let mut by_slot: BTreeMap<Slot, Vec<AnnouncedEvent>> = BTreeMap::new();
        let mut answers: Vec<OutcomeEnvelope> = Vec::new();
        let mut processed = ProcessedBatch::default();
        for ((board, decided), repeated) in decided.into_iter().zip(repeated) {
            let events = by_slot.entry(Slot::of(board)).or_default();
            events.extend(repeated);
            events.extend(decided.events);
            answers.extend(decided.answers);
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
        self.ports.announcer.send_outcomes(answers).await?;
        Ok(processed)
    }

    /// The events of repeated commands once more: the run that committed them may have ended before
    /// it announced them. Who has seen them knows them by their numbers.
    async fn repeated(
        &self,
        board: BoardId,
        decided: &DecidedBatch,
    ) -> Result<Vec<AnnouncedEvent>, StoreError> {
        let store = &*self.ports.store;
        let seqs = stream::iter(decided.repeated.iter().copied());
        let found: Vec<_> = seqs
            .map(|seq| event_and_what_it_follows(store, board, seq))
            .buffered(READS_AT_ONCE)
            .try_collect()
            .await?;
        let found = found.into_iter().flatten();
        Ok(found.map(|(follows, event)| announced(follows, event, decided)).collect())
    }
}

fn announced(follows: Option<EventId>, event: Event, decided: &DecidedBatch) -> AnnouncedEvent {
    let answer = decided.answers.iter().find(|answer| answer.message == event.message);
    let trace = answer.map_or(TraceId::default(), |answer| answer.trace);
    AnnouncedEvent { trace, follows, event }
}
