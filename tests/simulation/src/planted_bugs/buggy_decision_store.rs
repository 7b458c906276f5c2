//! Stores that break a commit apart or ignore its condition.

use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::bus_messages::{AnnouncedEvent, Announcement};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcer, BoardChanges, CommitResult, DecisionStore, LoadRequest, LoadedBoard, ReadStore,
    StoreError, StoredOutcome,
};
use sockbit_application::slot::Slot;
use sockbit_application::trace_id::TraceId;
use sockbit_domain::{Board, BoardId, Outcome, Position};

use crate::database::{Database, now_or_panic};
use crate::planted_bugs::PlantedBug;
use crate::run_context::RunContext;

pub(super) struct BuggyDecisionStore {
    pub context: Arc<RunContext>,
    pub inner: Arc<dyn DecisionStore>,
    pub database: Arc<Database>,
    pub announcer: Arc<dyn Announcer>,
}

impl BuggyDecisionStore {
    async fn commit_without_outcomes(
        &self,
        changes: &[BoardChanges],
    ) -> Result<Vec<CommitResult>, StoreError> {
        let without = |it: &BoardChanges| BoardChanges { outcomes: Vec::new(), ..it.clone() };
        self.inner.commit(&changes.iter().map(without).collect::<Vec<_>>()).await
    }

    /// Commits the outcomes separately, which never happens if the worker dies in between.
    async fn commit_outcomes_apart(
        &self,
        changes: &[BoardChanges],
    ) -> Result<Vec<CommitResult>, StoreError> {
        let results = self.commit_without_outcomes(changes).await?;
        for (changes, _) in
            changes.iter().zip(&results).filter(|(_, it)| **it == CommitResult::Done)
        {
            self.database.commit(&[BoardChanges {
                expected: Some(changes.head),
                facts: Vec::new(),
                notes: Vec::new(),
                members: Vec::new(),
                links: Vec::new(),
                ..changes.clone()
            }]);
        }
        Ok(results)
    }

    /// Commits a stale change all the same, under the next free numbers.
    async fn commit_renumbered(
        &self,
        changes: &[BoardChanges],
    ) -> Result<Vec<CommitResult>, StoreError> {
        let mut results = self.inner.commit(changes).await?;
        for (changes, result) in changes.iter().zip(&mut results) {
            if *result == CommitResult::Conflict
                && let Some(head) = self.head(changes.board)
            {
                *result = self.database.commit(&[renumbered(changes, head)])[0];
            }
        }
        Ok(results)
    }

    async fn report_as_done(
        &self,
        changes: &[BoardChanges],
    ) -> Result<Vec<CommitResult>, StoreError> {
        self.inner.commit(changes).await.ok();
        Ok(vec![CommitResult::Done; changes.len()])
    }

    /// Replaces the notes by those that were loaded first.
    fn replace_notes(&self, board: &mut Board) {
        let mut loaded = locked(&self.context.bug_state.loaded_notes);
        for (id, note) in &mut board.notes {
            *note = loaded.entry((board.id, *id)).or_insert_with(|| note.clone()).clone();
        }
    }

    /// Outcomes that were dropped can be written again under their ids.
    async fn commit_what_is_new(
        &self,
        changes: &[BoardChanges],
    ) -> Result<Vec<CommitResult>, StoreError> {
        let mut changes = changes.to_vec();
        for board in &mut changes {
            board.outcomes.retain(|it| !self.is_forgotten(it));
        }
        self.inner.commit(&changes).await
    }

    fn is_forgotten(&self, outcome: &StoredOutcome) -> bool {
        self.context.bug == PlantedBug::ForgetsOutcomes
            || locked(&self.context.bug_state.compacted_away).contains(&outcome.message)
    }

    fn head(&self, board: BoardId) -> Option<Position> {
        let heads = now_or_panic(self.database.store().heads(&[board])).ok()?;
        heads.first().map(|(_, head)| *head)
    }

    async fn announce(&self, changes: &[BoardChanges]) {
        let announcement = |it: &BoardChanges| {
            let events = it.facts.iter().map(|fact| fact.event.clone());
            let trace = TraceId::default();
            let events =
                events.map(|event| AnnouncedEvent { trace, follows: None, event }).collect();
            Announcement { slot: Slot::of(it.board), events }
        };
        let announcements = changes.iter().map(announcement).collect();
        self.announcer.publish(announcements, Vec::new()).await.ok();
    }
}

fn renumbered(changes: &BoardChanges, head: Position) -> BoardChanges {
    let mut changes = BoardChanges { expected: Some(head), ..changes.clone() };
    let mut last = head;
    for fact in &mut changes.facts {
        fact.event.seq = last.seq.next();
        fact.event.from = fact.event.seq;
        last = fact.event.position();
        for outcome in &mut changes.outcomes {
            if let Outcome::Saved { position } = &mut outcome.outcome
                && position.event == last.event
            {
                *position = last;
            }
        }
    }
    BoardChanges { head: last, ..changes }
}

fn with_first_note(changes: &BoardChanges) -> BoardChanges {
    BoardChanges { notes: changes.notes.iter().take(1).cloned().collect(), ..changes.clone() }
}

#[async_trait]
impl DecisionStore for BuggyDecisionStore {
    async fn load(&self, wanted: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let mut loaded = self.inner.load(wanted).await?;
        for board in &mut loaded {
            board.outcomes.retain(|it| !self.is_forgotten(it));
        }
        if self.context.bug == PlantedBug::LoadsOutdatedNotes {
            loaded
                .iter_mut()
                .filter_map(|it| it.board.as_mut())
                .for_each(|it| self.replace_notes(it));
        }
        Ok(loaded)
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        match self.context.bug {
            PlantedBug::ForgetsOutcomes => self.commit_without_outcomes(changes).await,
            PlantedBug::CommitsOutcomesSeparately => self.commit_outcomes_apart(changes).await,
            PlantedBug::RenumbersStaleCommits => self.commit_renumbered(changes).await,
            PlantedBug::WritesOnlyFirstNote => {
                self.inner.commit(&changes.iter().map(with_first_note).collect::<Vec<_>>()).await
            }
            PlantedBug::ReportsFailedCommitsAsDone => self.report_as_done(changes).await,
            PlantedBug::AnnouncesBeforeCommit => {
                self.announce(changes).await;
                self.inner.commit(changes).await
            }
            _ => self.commit_what_is_new(changes).await,
        }
    }
}
