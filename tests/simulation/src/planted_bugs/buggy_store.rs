//! Stores that break a commit apart or ignore its condition.

use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::envelope::{AnnouncedEvent, Announcement};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcer, BoardChanges, BoardStatus, CommitResult, CompactableEvents, CompactionCandidate,
    LoadRequest, LoadedBoard, NoteHistoryPage, NotesPage, Squash, Store, StoreError, StoredOutcome,
};
use sockbit_application::slot::Slot;
use sockbit_application::trace::TraceId;
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    ActorId, BoardId, Delta, Event, Note, NoteId, Outcome, Position, Run, Seq, Timestamp,
};

use crate::database::{Database, now_or_panic};
use crate::planted_bugs::PlantedBug;
use crate::run_context::RunContext;

pub(super) struct BuggyStore {
    pub context: Arc<RunContext>,
    pub inner: Arc<dyn Store>,
    pub database: Arc<Database>,
    pub announcer: Option<Arc<dyn Announcer>>,
}

impl BuggyStore {
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

    /// The events that a run was squashed from.
    fn replaced_events(&self, run: &Run) -> Vec<(Event, Option<Delta>)> {
        let (after, later) = (Seq(run.event.from.0.saturating_sub(1)), Timestamp(i64::MAX));
        let store = self.database.store();
        let old = now_or_panic(store.compactable_events(
            run.event.board,
            after,
            later,
            u32::MAX,
            usize::MAX,
        ));
        let mut old = old.map(|it| it.events).unwrap_or_default();
        old.retain(|(event, _)| event.seq <= run.event.seq);
        old
    }

    fn without_first_edits(&self, squash: &Squash) -> Squash {
        let mut lossy = squash.clone();
        for run in &mut lossy.runs {
            let wait_until_settled: Vec<_> =
                self.replaced_events(run).into_iter().skip(1).collect();
            let squashed =
                sockbit_domain::squash(&wait_until_settled).runs.pop().map(|it| it.event);
            let last =
                squashed.or_else(|| wait_until_settled.last().map(|(event, _)| event.clone()));
            run.event.change = last.map_or_else(|| run.event.change.clone(), |it| it.change);
        }
        lossy
    }

    async fn squash_with_outcomes(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        let replaced_events: Vec<_> =
            squash.runs.iter().flat_map(|it| self.replaced_events(it)).collect();
        let result = self.inner.squash(squash).await?;
        let messages = replaced_events.into_iter().map(|(event, _)| event.message);
        locked(&self.context.bug_state.compacted_away).extend(messages);
        Ok(result)
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
        if let Some(announcer) = &self.announcer {
            announcer.announce(changes.iter().map(announcement).collect()).await.ok();
        }
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
impl Store for BuggyStore {
    async fn load(&self, wanted: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let mut loaded = self.inner.load(wanted).await?;
        for board in &mut loaded {
            board.outcomes.retain(|it| !self.is_forgotten(it));
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
            PlantedBug::AnnouncesBeforeCommit => {
                self.announce(changes).await;
                self.inner.commit(changes).await
            }
            _ => self.commit_what_is_new(changes).await,
        }
    }

    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        self.inner.boards_of(actor, max).await
    }

    async fn board_status(
        &self,
        board: BoardId,
        actor: ActorId,
        position: Option<Seq>,
    ) -> Result<Option<BoardStatus>, StoreError> {
        self.inner.board_status(board, actor, position).await
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError> {
        self.inner.notes(board, after, bytes_max).await
    }

    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError> {
        self.inner.note(board, note).await
    }

    async fn events(
        &self,
        board: BoardId,
        after: Seq,
        bytes_max: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.inner.events(board, after, bytes_max).await
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        self.inner.heads(boards).await
    }

    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError> {
        self.inner.note_events(board, note, before, max).await
    }

    async fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
        max: u32,
    ) -> Result<Vec<CompactionCandidate>, StoreError> {
        self.inner.compaction_candidates(before, after, max).await
    }

    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError> {
        self.inner.compactable_events(board, after, before, max, bytes_max).await
    }

    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        match self.context.bug {
            PlantedBug::CompactionDropsFirstEdit => {
                self.inner.squash(&self.without_first_edits(squash)).await
            }
            _ => self.squash_with_outcomes(squash).await,
        }
    }

    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        self.inner.delete_outcomes_before(before, max).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }
}
