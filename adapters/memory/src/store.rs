//! The store in memory. It is as strict as the stores on disk, and ends with the process.

mod board_compaction;
mod board_record;

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, BoardStatusRequest, CommitResult, CompactableEvents,
    CompactionCandidate, CompactionStore, DecisionStore, EventPageRequest,
    LATER_INVERSES_BYTES_MAX, LoadRequest, LoadedBoard, NoteHistoryPage, NotesPage,
    OutcomeRetention, ReadStore, Squash, StoreError, StoreHealth,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    ActorId, BoardId, ClientId, Event, MessageId, Note, NoteId, Position, Seq, Timestamp,
};

use self::board_record::BoardRecord;

/// Boards, logs and outcomes behind one lock, so every call is atomic.
#[derive(Default)]
pub struct MemoryStore {
    content: Mutex<Content>,
}

#[derive(Default)]
struct Content {
    boards: HashMap<BoardId, BoardRecord>,
    /// The boards of each member, so that listing them does not scan all boards.
    memberships: HashMap<ActorId, BTreeSet<BoardId>>,
    /// Boards with events that compaction has not seen, by the time of the first one.
    uncompacted: BTreeSet<(Timestamp, BoardId)>,
    /// All outcomes, oldest first.
    outcomes: BTreeSet<(Timestamp, BoardId, ClientId, MessageId)>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        // Changes are checked completely before the first is written, so a panic cannot leave them
        // half written.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    fn commit(&mut self, changes: &BoardChanges) -> CommitResult {
        if !changes.is_gapless() {
            return CommitResult::Conflict;
        }
        let record = match (changes.expected, self.boards.get_mut(&changes.board)) {
            (Some(_), Some(record)) if record.accepts(changes) => record,
            (None, None) => match BoardRecord::begin(changes) {
                Some(record) => self.boards.entry(changes.board).or_insert(record),
                None => return CommitResult::Conflict,
            },
            _ => return CommitResult::Conflict,
        };
        let before = record.compaction_candidate();
        record.write(changes);
        let uncompacted = record.compaction_candidate();
        for (actor, _) in &changes.members {
            self.memberships.entry(*actor).or_default().insert(changes.board);
        }
        self.update_uncompacted(before, uncompacted);
        let outcomes = changes.outcomes.iter();
        self.outcomes.extend(outcomes.map(|it| (it.at, changes.board, it.client, it.message)));
        CommitResult::Done
    }

    fn delete_outcomes_before(&mut self, before: Timestamp, max: u32) -> u64 {
        let mut deleted = 0;
        while deleted < u64::from(max)
            && self.outcomes.first().is_some_and(|(at, ..)| *at < before)
            && let Some((_, board, client, message)) = self.outcomes.pop_first()
        {
            if let Some(record) = self.boards.get_mut(&board) {
                record.delete_outcome(client, message);
            }
            deleted += 1;
        }
        deleted
    }

    fn squash(&mut self, squash: &Squash) -> CommitResult {
        let Some(record) = self.boards.get_mut(&squash.board) else {
            return CommitResult::Conflict;
        };
        let before = record.compaction_candidate();
        let result = record.squash(squash);
        let uncompacted = record.compaction_candidate();
        self.update_uncompacted(before, uncompacted);
        result
    }

    fn update_uncompacted(
        &mut self,
        before: Option<CompactionCandidate>,
        now: Option<CompactionCandidate>,
    ) {
        before.inspect(|it| _ = self.uncompacted.remove(&(it.since, it.board)));
        self.uncompacted.extend(now.map(|it| (it.since, it.board)));
    }

    fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
    ) -> impl Iterator<Item = CompactionCandidate> {
        let beyond = after.map_or(Bound::Unbounded, |it| Bound::Excluded((it.since, it.board)));
        let listed = self.uncompacted.range((beyond, Bound::Unbounded));
        let old = listed.take_while(move |(since, _)| *since < before);
        old.filter_map(|(_, board)| self.boards.get(board)?.compaction_candidate())
    }

    fn boards_of(&self, actor: ActorId, max: u32) -> Vec<BoardSummary> {
        let boards = self.memberships.get(&actor).into_iter().flatten();
        let mut records: Vec<_> = boards.filter_map(|board| self.boards.get(board)).collect();
        records.sort_by_key(|record| record.list_key());
        records.into_iter().filter_map(|record| record.summary(actor)).take(max as usize).collect()
    }
}

#[async_trait]
impl DecisionStore for MemoryStore {
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let content = self.content();
        let load = |request: &LoadRequest| match content.boards.get(&request.board) {
            Some(record) => record.load(request),
            None => LoadedBoard { board: None, outcomes: Vec::new() },
        };
        Ok(requests.iter().map(load).collect())
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        let mut content = self.content();
        Ok(changes.iter().map(|changes| content.commit(changes)).collect())
    }
}

#[async_trait]
impl ReadStore for MemoryStore {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        Ok(self.content().boards_of(actor, max))
    }

    async fn board_statuses(
        &self,
        requests: &[BoardStatusRequest],
    ) -> Result<Vec<Option<BoardStatus>>, StoreError> {
        let content = self.content();
        let status = |it: &BoardStatusRequest| {
            Some(content.boards.get(&it.board)?.board_status(it.actor, it.position))
        };
        Ok(requests.iter().map(status).collect())
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError> {
        Ok(self.content().boards.get(&board).map(|record| record.notes(after, bytes_max)))
    }

    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError> {
        Ok(self.content().boards.get(&board).map(|record| record.note(note)))
    }

    async fn event_pages(
        &self,
        requests: &[EventPageRequest],
        bytes_max: usize,
    ) -> Result<Vec<Vec<Event>>, StoreError> {
        let content = self.content();
        let page = |it: &EventPageRequest| {
            let record = content.boards.get(&it.board);
            record.map(|record| record.events(it.after, bytes_max)).unwrap_or_default()
        };
        Ok(requests.iter().map(page).collect())
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        let content = self.content();
        let boards: BTreeSet<&BoardId> = boards.iter().collect();
        let head = |board: &BoardId| Some((*board, content.boards.get(board)?.head()));
        Ok(boards.into_iter().filter_map(head).collect())
    }

    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError> {
        let content = self.content();
        let record = content.boards.get(&board);
        let found = record.map(|it| it.note_events(note, before, max)).unwrap_or_default();
        let bytes: usize = found.later_inverses.iter().map(json_bytes).sum();
        if bytes > LATER_INVERSES_BYTES_MAX {
            return Err(StoreError::history_too_long(note));
        }
        Ok(found)
    }
}

#[async_trait]
impl CompactionStore for MemoryStore {
    async fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
        max: u32,
    ) -> Result<Vec<CompactionCandidate>, StoreError> {
        Ok(self.content().compaction_candidates(before, after).take(max as usize).collect())
    }

    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError> {
        let content = self.content();
        let record = content.boards.get(&board);
        Ok(record
            .map(|it| it.compactable_events(after, before, max, bytes_max))
            .unwrap_or_default())
    }

    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        Ok(self.content().squash(squash))
    }
}

#[async_trait]
impl OutcomeRetention for MemoryStore {
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        Ok(self.content().delete_outcomes_before(before, max))
    }
}

#[async_trait]
impl StoreHealth for MemoryStore {
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
