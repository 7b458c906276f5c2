//! A store that counts reads, and can fail.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    BoardStatus, BoardStatusRequest, EventPageRequest, NoteHistoryPage, NotesPage, ReadStore,
    StoreError, StoreHealth,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Event, Note, NoteId, Position, Seq};
use sockbit_memory::MemoryStore;

pub struct CountedReads {
    store: Arc<MemoryStore>,
    calls: AtomicUsize,
    is_down: AtomicBool,
    unreadable: Mutex<Option<BoardId>>,
}

impl CountedReads {
    pub fn new(store: Arc<MemoryStore>) -> Self {
        let calls = AtomicUsize::new(0);
        Self { store, calls, is_down: AtomicBool::new(false), unreadable: Mutex::default() }
    }

    /// The calls since the last call of this function.
    pub fn take_calls(&self) -> usize {
        self.calls.swap(0, Ordering::Relaxed)
    }

    /// Decides whether the store is unavailable from now on.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }

    /// From now on, every read of this board fails.
    pub fn make_unreadable(&self, board: BoardId) {
        *locked(&self.unreadable) = Some(board);
    }

    fn read(&self, boards: impl IntoIterator<Item = BoardId>) -> Result<(), StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.check_availability()?;
        let unreadable = *locked(&self.unreadable);
        match boards.into_iter().find(|it| Some(*it) == unreadable) {
            Some(board) => Err(StoreError::unreadable_row("boards", board, "no number")),
            None => Ok(()),
        }
    }

    fn check_availability(&self) -> Result<(), StoreError> {
        let is_down = self.is_down.load(Ordering::Relaxed);
        if is_down { Err(StoreError::Unavailable("no disk".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl ReadStore for CountedReads {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        self.read([])?;
        self.store.boards_of(actor, max).await
    }

    async fn board_statuses(
        &self,
        requests: &[BoardStatusRequest],
    ) -> Result<Vec<Option<BoardStatus>>, StoreError> {
        self.read(requests.iter().map(|it| it.board))?;
        self.store.board_statuses(requests).await
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError> {
        self.read([board])?;
        self.store.notes(board, after, bytes_max).await
    }

    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError> {
        self.read([board])?;
        self.store.note(board, note).await
    }

    async fn event_pages(
        &self,
        requests: &[EventPageRequest],
        bytes_max: usize,
    ) -> Result<Vec<Vec<Event>>, StoreError> {
        self.read(requests.iter().map(|it| it.board))?;
        self.store.event_pages(requests, bytes_max).await
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        self.read(boards.iter().copied())?;
        self.store.heads(boards).await
    }

    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError> {
        self.read([board])?;
        self.store.note_events(board, note, before, max).await
    }
}

#[async_trait]
impl StoreHealth for CountedReads {
    async fn check(&self) -> Result<(), StoreError> {
        self.check_availability()
    }
}
