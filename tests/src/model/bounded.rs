//! A store whose history is bounded, and whose pages are small: what the memory store does not do
//! by itself, laid over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, CommitResult, DecisionStore, LoadRequest, LoadedBoard,
    NoteHistoryPage, NotesPage, ReadStore, StoreError,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Event, Note, NoteId, Position, Seq};
use sockbit_memory::MemoryStore;

/// Holds one board.
pub(super) struct BoundedStore {
    inner: Arc<MemoryStore>,
    /// Positions before this one cannot be verified any more.
    horizon: AtomicU64,
    /// Notes come in pages of so many bytes of text.
    page_bytes: usize,
}

impl BoundedStore {
    pub fn new(page_bytes: usize) -> Self {
        Self { inner: Arc::new(MemoryStore::new()), horizon: AtomicU64::new(0), page_bytes }
    }

    /// The store below, without the bounds.
    pub fn inner(&self) -> &Arc<MemoryStore> {
        &self.inner
    }

    /// From now on nobody can resume from before this.
    pub fn forget(&self, before: Seq) {
        self.horizon.fetch_max(before.0, Ordering::Relaxed);
    }

    fn is_gone(&self, seq: Seq) -> bool {
        seq.0 < self.horizon.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl DecisionStore for BoundedStore {
    async fn load(&self, wanted: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let mut loaded = self.inner.load(wanted).await?;
        for board in loaded.iter_mut().filter_map(|it| it.board.as_mut()) {
            board.bases.retain(|seq, _| !self.is_gone(*seq));
        }
        Ok(loaded)
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        self.inner.commit(changes).await
    }
}

#[async_trait]
impl ReadStore for BoundedStore {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        self.inner.boards_of(actor, max).await
    }

    async fn board_status(
        &self,
        board: BoardId,
        actor: ActorId,
        position: Option<Seq>,
    ) -> Result<Option<BoardStatus>, StoreError> {
        let mut status = self.inner.board_status(board, actor, position).await?;
        if let Some(status) = &mut status {
            status.event_at =
                status.event_at.filter(|_| !position.is_some_and(|it| self.is_gone(it)));
        }
        Ok(status)
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError> {
        self.inner.notes(board, after, bytes_max.min(self.page_bytes)).await
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
}
