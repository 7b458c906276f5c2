//! A store with faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, BoardStatusRequest, CommitResult, CompactableEvents,
    CompactionCandidate, CompactionStore, DecisionStore, EventPageRequest, LoadRequest,
    LoadedBoard, NoteHistoryPage, NotesPage, OutcomeRetention, ReadStore, Squash, Store,
    StoreError, StoreHealth,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Event, Note, NoteId, Position, Seq, Timestamp};
use sockbit_memory::MemoryStore;

/// The faults of a store. Each one changes an argument or a result.
#[derive(Clone, Copy)]
pub struct StoreFaults {
    pub board: fn(BoardId) -> BoardId,
    pub request: fn(&mut LoadRequest),
    pub loading: Loading,
    pub loaded: fn(&LoadRequest, &mut LoadedBoard),
    pub results: fn(&mut Vec<LoadedBoard>),
    pub changes: fn(&MemoryStore, &mut BoardChanges),
    pub committing: Committing,
    pub list_actor: fn(ActorId) -> ActorId,
    pub list: fn(&mut Vec<BoardSummary>),
    pub status: fn(&mut BoardStatus),
    pub statuses: fn(&mut Vec<Option<BoardStatus>>),
    pub bytes_max: fn(usize) -> usize,
    pub notes: fn(&mut NotesPage),
    pub after: fn(Seq) -> Seq,
    pub events: fn(&mut Vec<Event>),
    pub pages: fn(&mut Vec<Vec<Event>>),
    pub heads: fn(&mut Vec<(BoardId, Position)>),
    pub before: fn(Option<Seq>) -> Option<Seq>,
    pub history: fn(&mut NoteHistoryPage),
    pub candidates: fn(&mut Vec<CompactionCandidate>),
    pub compactable: fn(&mut CompactableEvents),
    pub squash: fn(&mut Squash),
    pub squashed: fn(CommitResult) -> CommitResult,
    /// Applied to loads after a squash.
    pub loaded_after_squash: fn(&mut LoadedBoard),
    pub delete_before: fn(Timestamp) -> Timestamp,
    pub delete_max: fn(u32) -> u32,
    pub deleted: fn(u64) -> u64,
    /// Applied to events after a deletion of outcomes.
    pub events_after_deletion: fn(&mut Vec<Event>),
    pub check: Result<(), &'static str>,
}

/// How a board is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Loading {
    Consistent,
    /// Loads the notes after the header.
    NotesAfterHeader,
}

/// How a batch is committed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Committing {
    Atomic,
    /// Commits the outcomes after the events.
    OutcomesAfterEvents,
    StopsAtTheFirstConflict,
}

/// No faults.
pub const NO_FAULTS: StoreFaults = StoreFaults {
    board: |board| board,
    request: |_| {},
    loading: Loading::Consistent,
    loaded: |_, _| {},
    results: |_| {},
    changes: |_, _| {},
    committing: Committing::Atomic,
    list_actor: |actor| actor,
    list: |_| {},
    status: |_| {},
    statuses: |_| {},
    bytes_max: |bytes_max| bytes_max,
    notes: |_| {},
    after: |seq| seq,
    events: |_| {},
    pages: |_| {},
    heads: |_| {},
    before: |seq| seq,
    history: |_| {},
    candidates: |_| {},
    compactable: |_| {},
    squash: |_| {},
    squashed: |result| result,
    loaded_after_squash: |_| {},
    delete_before: |time| time,
    delete_max: |max| max,
    deleted: |number| number,
    events_after_deletion: |_| {},
    check: Ok(()),
};

struct FaultyStore {
    faults: StoreFaults,
    store: MemoryStore,
    has_squashed: AtomicBool,
    has_deleted: AtomicBool,
}

impl StoreFaults {
    /// A fresh store with these faults.
    #[must_use]
    pub fn store(self) -> Arc<dyn Store> {
        Arc::new(FaultyStore {
            faults: self,
            store: MemoryStore::new(),
            has_squashed: AtomicBool::new(false),
            has_deleted: AtomicBool::new(false),
        })
    }
}

impl FaultyStore {
    async fn load_one(&self, request: &LoadRequest) -> Result<Vec<LoadedBoard>, StoreError> {
        let first = self.store.load(std::slice::from_ref(request)).await?;
        if self.faults.loading == Loading::Consistent {
            return Ok(first);
        }
        tokio::task::yield_now().await;
        let mut second = self.store.load(std::slice::from_ref(request)).await?;
        for (first, second) in first.into_iter().zip(&mut second) {
            if let (Some(first), Some(second)) = (first.board, &mut second.board) {
                second.head = first.head;
            }
        }
        Ok(second)
    }

    async fn commit_events_first(
        &self,
        changes: &BoardChanges,
    ) -> Result<CommitResult, StoreError> {
        let events = BoardChanges { outcomes: Vec::new(), ..changes.clone() };
        let results = self.store.commit(&[events]).await?;
        if results == [CommitResult::Done] && !changes.outcomes.is_empty() {
            tokio::task::yield_now().await;
            let mut rest = BoardChanges { expected: Some(changes.head), ..changes.clone() };
            (rest.facts, rest.links) = (Vec::new(), Vec::new());
            return self.store.commit(&[rest]).await.map(|it| one(&it));
        }
        Ok(one(&results))
    }
}

fn one(results: &[CommitResult]) -> CommitResult {
    results.first().copied().unwrap_or(CommitResult::Conflict)
}

#[async_trait]
impl DecisionStore for FaultyStore {
    async fn load(&self, request: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let mut results = Vec::new();
        for request in request {
            let mut changed = request.clone();
            changed.board = (self.faults.board)(changed.board);
            (self.faults.request)(&mut changed);
            let mut loaded = self.load_one(&changed).await?;
            for loaded in &mut loaded {
                (self.faults.loaded)(&changed, loaded);
                if self.has_squashed.load(Ordering::Relaxed) {
                    (self.faults.loaded_after_squash)(loaded);
                }
            }
            results.append(&mut loaded);
        }
        (self.faults.results)(&mut results);
        Ok(results)
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        let mut results = Vec::new();
        for changes in changes {
            let mut changes = changes.clone();
            changes.board = (self.faults.board)(changes.board);
            (self.faults.changes)(&self.store, &mut changes);
            let has_conflict = results.contains(&CommitResult::Conflict);
            results.push(match self.faults.committing {
                Committing::StopsAtTheFirstConflict if has_conflict => CommitResult::Conflict,
                Committing::OutcomesAfterEvents => self.commit_events_first(&changes).await?,
                _ => one(&self.store.commit(&[changes]).await?),
            });
        }
        Ok(results)
    }
}

#[async_trait]
impl ReadStore for FaultyStore {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        let mut list = self.store.boards_of((self.faults.list_actor)(actor), max).await?;
        (self.faults.list)(&mut list);
        Ok(list)
    }

    async fn board_statuses(
        &self,
        requests: &[BoardStatusRequest],
    ) -> Result<Vec<Option<BoardStatus>>, StoreError> {
        let faulty = |it: &BoardStatusRequest| BoardStatusRequest {
            board: (self.faults.board)(it.board),
            ..*it
        };
        let requests: Vec<_> = requests.iter().map(faulty).collect();
        let mut found = self.store.board_statuses(&requests).await?;
        found.iter_mut().flatten().for_each(self.faults.status);
        (self.faults.statuses)(&mut found);
        Ok(found)
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError> {
        let (board, bytes_max) = ((self.faults.board)(board), (self.faults.bytes_max)(bytes_max));
        let mut found = self.store.notes(board, after, bytes_max).await?;
        found.iter_mut().for_each(self.faults.notes);
        Ok(found)
    }

    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError> {
        self.store.note((self.faults.board)(board), note).await
    }

    async fn event_pages(
        &self,
        requests: &[EventPageRequest],
        bytes_max: usize,
    ) -> Result<Vec<Vec<Event>>, StoreError> {
        let faulty = |it: &EventPageRequest| EventPageRequest {
            board: (self.faults.board)(it.board),
            after: (self.faults.after)(it.after),
        };
        let requests: Vec<_> = requests.iter().map(faulty).collect();
        let mut pages =
            self.store.event_pages(&requests, (self.faults.bytes_max)(bytes_max)).await?;
        pages.iter_mut().for_each(self.faults.events);
        if self.has_deleted.load(Ordering::Relaxed) {
            pages.iter_mut().for_each(self.faults.events_after_deletion);
        }
        (self.faults.pages)(&mut pages);
        Ok(pages)
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        let boards: Vec<_> = boards.iter().map(|board| (self.faults.board)(*board)).collect();
        let mut heads = self.store.heads(&boards).await?;
        (self.faults.heads)(&mut heads);
        Ok(heads)
    }

    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError> {
        let (board, before) = ((self.faults.board)(board), (self.faults.before)(before));
        let mut history = self.store.note_events(board, note, before, max).await?;
        (self.faults.history)(&mut history);
        Ok(history)
    }
}

#[async_trait]
impl CompactionStore for FaultyStore {
    async fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
        max: u32,
    ) -> Result<Vec<CompactionCandidate>, StoreError> {
        let mut found = self.store.compaction_candidates(before, after, max).await?;
        (self.faults.candidates)(&mut found);
        Ok(found)
    }

    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError> {
        let (board, bytes_max) = ((self.faults.board)(board), (self.faults.bytes_max)(bytes_max));
        let mut old = self.store.compactable_events(board, after, before, max, bytes_max).await?;
        (self.faults.compactable)(&mut old);
        Ok(old)
    }

    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        let mut squash = squash.clone();
        squash.board = (self.faults.board)(squash.board);
        (self.faults.squash)(&mut squash);
        let result = self.store.squash(&squash).await?;
        self.has_squashed.store(true, Ordering::Relaxed);
        Ok((self.faults.squashed)(result))
    }
}

#[async_trait]
impl OutcomeRetention for FaultyStore {
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        let (before, max) = ((self.faults.delete_before)(before), (self.faults.delete_max)(max));
        let deleted = self.store.delete_outcomes_before(before, max).await?;
        self.has_deleted.store(true, Ordering::Relaxed);
        Ok((self.faults.deleted)(deleted))
    }
}

#[async_trait]
impl StoreHealth for FaultyStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.faults.check.map_err(|reason| StoreError::Unavailable(reason.to_owned()))
    }
}
