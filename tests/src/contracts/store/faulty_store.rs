//! A store that is right but for one trick.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, CommitResult, CompactableEvents, CompactionCandidate,
    CompactionStore, DecisionStore, LoadRequest, LoadedBoard, NoteHistoryPage, NotesPage,
    OutcomeRetention, ReadStore, Squash, Store, StoreError, StoreHealth,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Event, Note, NoteId, Position, Seq, Timestamp};
use sockbit_memory::MemoryStore;

/// Where a trick can sit. Each changes what goes in or what comes out.
#[derive(Clone, Copy)]
pub struct StoreFaults {
    pub board: fn(BoardId) -> BoardId,
    pub wanted: fn(&mut LoadRequest),
    pub loading: Loading,
    pub loaded: fn(&LoadRequest, &mut LoadedBoard),
    pub answers: fn(&mut Vec<LoadedBoard>),
    pub changes: fn(&MemoryStore, &mut BoardChanges),
    pub committing: Committing,
    pub lister: fn(ActorId) -> ActorId,
    pub list: fn(&mut Vec<BoardSummary>),
    pub standing: fn(&mut BoardStatus),
    pub bytes_max: fn(usize) -> usize,
    pub notes: fn(&mut NotesPage),
    pub after: fn(Seq) -> Seq,
    pub events: fn(&mut Vec<Event>),
    pub heads: fn(&mut Vec<(BoardId, Position)>),
    pub before: fn(Option<Seq>) -> Option<Seq>,
    pub history: fn(&mut NoteHistoryPage),
    pub uncompacted: fn(&mut Vec<CompactionCandidate>),
    pub old: fn(&mut CompactableEvents),
    pub squash: fn(&mut Squash),
    pub squashed: fn(CommitResult) -> CommitResult,
    /// What is loaded once something was squashed.
    pub loaded_then: fn(&mut LoadedBoard),
    pub forget_before: fn(Timestamp) -> Timestamp,
    pub forget_max: fn(u32) -> u32,
    pub forgotten: fn(u64) -> u64,
    /// The events once something was forgotten.
    pub events_then: fn(&mut Vec<Event>),
    pub check: Result<(), &'static str>,
}

/// How a board is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Loading {
    AtOnce,
    /// Its notes later than its frame.
    InTwoGoes,
}

/// How a batch is committed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Committing {
    AtOnce,
    /// Outcomes later than events.
    InTwoGoes,
    UntilTheFirstConflict,
}

/// No trick at all.
pub const NO_FAULTS: StoreFaults = StoreFaults {
    board: |board| board,
    wanted: |_| {},
    loading: Loading::AtOnce,
    loaded: |_, _| {},
    answers: |_| {},
    changes: |_, _| {},
    committing: Committing::AtOnce,
    lister: |actor| actor,
    list: |_| {},
    standing: |_| {},
    bytes_max: |bytes_max| bytes_max,
    notes: |_| {},
    after: |seq| seq,
    events: |_| {},
    heads: |_| {},
    before: |seq| seq,
    history: |_| {},
    uncompacted: |_| {},
    old: |_| {},
    squash: |_| {},
    squashed: |verdict| verdict,
    loaded_then: |_| {},
    forget_before: |time| time,
    forget_max: |max| max,
    forgotten: |number| number,
    events_then: |_| {},
    check: Ok(()),
};

struct FaultyStore {
    faults: StoreFaults,
    store: MemoryStore,
    has_squashed: AtomicBool,
    has_forgotten: AtomicBool,
}

impl StoreFaults {
    /// A fresh store with these faults.
    #[must_use]
    pub fn store(self) -> Arc<dyn Store> {
        Arc::new(FaultyStore {
            faults: self,
            store: MemoryStore::new(),
            has_squashed: AtomicBool::new(false),
            has_forgotten: AtomicBool::new(false),
        })
    }
}

impl FaultyStore {
    async fn load_one(&self, wanted: &LoadRequest) -> Result<Vec<LoadedBoard>, StoreError> {
        let first = self.store.load(std::slice::from_ref(wanted)).await?;
        if self.faults.loading == Loading::AtOnce {
            return Ok(first);
        }
        tokio::task::yield_now().await;
        let mut second = self.store.load(std::slice::from_ref(wanted)).await?;
        for (first, second) in first.into_iter().zip(&mut second) {
            if let (Some(first), Some(second)) = (first.board, &mut second.board) {
                second.head = first.head;
            }
        }
        Ok(second)
    }

    async fn commit_in_two_goes(&self, changes: &BoardChanges) -> Result<CommitResult, StoreError> {
        let events = BoardChanges { outcomes: Vec::new(), ..changes.clone() };
        let verdicts = self.store.commit(&[events]).await?;
        if verdicts == [CommitResult::Done] && !changes.outcomes.is_empty() {
            tokio::task::yield_now().await;
            let mut rest = BoardChanges { expected: Some(changes.head), ..changes.clone() };
            (rest.facts, rest.links) = (Vec::new(), Vec::new());
            return self.store.commit(&[rest]).await.map(|it| one(&it));
        }
        Ok(one(&verdicts))
    }
}

fn one(verdicts: &[CommitResult]) -> CommitResult {
    verdicts.first().copied().unwrap_or(CommitResult::Conflict)
}

#[async_trait]
impl DecisionStore for FaultyStore {
    async fn load(&self, wanted: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let mut answers = Vec::new();
        for wanted in wanted {
            let mut asked = wanted.clone();
            asked.board = (self.faults.board)(asked.board);
            (self.faults.wanted)(&mut asked);
            let mut loaded = self.load_one(&asked).await?;
            for loaded in &mut loaded {
                (self.faults.loaded)(&asked, loaded);
                if self.has_squashed.load(Ordering::Relaxed) {
                    (self.faults.loaded_then)(loaded);
                }
            }
            answers.append(&mut loaded);
        }
        (self.faults.answers)(&mut answers);
        Ok(answers)
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        let mut verdicts = Vec::new();
        for changes in changes {
            let mut changes = changes.clone();
            changes.board = (self.faults.board)(changes.board);
            (self.faults.changes)(&self.store, &mut changes);
            let lost = verdicts.contains(&CommitResult::Conflict);
            verdicts.push(match self.faults.committing {
                Committing::UntilTheFirstConflict if lost => CommitResult::Conflict,
                Committing::InTwoGoes => self.commit_in_two_goes(&changes).await?,
                _ => one(&self.store.commit(&[changes]).await?),
            });
        }
        Ok(verdicts)
    }
}

#[async_trait]
impl ReadStore for FaultyStore {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        let mut list = self.store.boards_of((self.faults.lister)(actor), max).await?;
        (self.faults.list)(&mut list);
        Ok(list)
    }

    async fn board_status(
        &self,
        board: BoardId,
        actor: ActorId,
        position: Option<Seq>,
    ) -> Result<Option<BoardStatus>, StoreError> {
        let mut found =
            self.store.board_status((self.faults.board)(board), actor, position).await?;
        found.iter_mut().for_each(self.faults.standing);
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

    async fn events(
        &self,
        board: BoardId,
        after: Seq,
        bytes_max: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let (board, bytes_max) = ((self.faults.board)(board), (self.faults.bytes_max)(bytes_max));
        let mut events = self.store.events(board, (self.faults.after)(after), bytes_max).await?;
        (self.faults.events)(&mut events);
        if self.has_forgotten.load(Ordering::Relaxed) {
            (self.faults.events_then)(&mut events);
        }
        Ok(events)
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
        (self.faults.uncompacted)(&mut found);
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
        (self.faults.old)(&mut old);
        Ok(old)
    }

    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        let mut squash = squash.clone();
        squash.board = (self.faults.board)(squash.board);
        (self.faults.squash)(&mut squash);
        let verdict = self.store.squash(&squash).await?;
        self.has_squashed.store(true, Ordering::Relaxed);
        Ok((self.faults.squashed)(verdict))
    }
}

#[async_trait]
impl OutcomeRetention for FaultyStore {
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        let (before, max) = ((self.faults.forget_before)(before), (self.faults.forget_max)(max));
        let forgotten = self.store.delete_outcomes_before(before, max).await?;
        self.has_forgotten.store(true, Ordering::Relaxed);
        Ok((self.faults.forgotten)(forgotten))
    }
}

#[async_trait]
impl StoreHealth for FaultyStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.faults.check.map_err(|reason| StoreError::Unavailable(reason.to_owned()))
    }
}
