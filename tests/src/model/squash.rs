//! A store whose history gets squashed, and whose pages are small: what the memory store does not
//! do by itself, laid over it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sockbit_application::ports::{
    BoardChanges, BoardLoaded, BoardWanted, Commit, NoteEvents, Notes, Standing, Store, StoreError,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Change, Event, Note, NoteId, Position, Seq};
use sockbit_memory::MemoryStore;

/// Holds one board, of whose log some ranges were squashed into their last event.
pub(super) struct SquashingStore {
    inner: MemoryStore,
    ranges: Mutex<Vec<(Seq, Seq)>>,
    /// Positions before this one cannot be verified any more.
    horizon: AtomicU64,
    /// Notes come in pages of so many bytes of text.
    page_bytes: usize,
}

impl SquashingStore {
    pub fn new(page_bytes: usize) -> Self {
        Self {
            inner: MemoryStore::new(),
            ranges: Mutex::default(),
            horizon: AtomicU64::new(0),
            page_bytes,
        }
    }

    /// Squashes a run of edits of one note by one author; anything else stays as it is.
    pub async fn squash(&self, board: BoardId, from: Seq, to: Seq) -> Result<(), StoreError> {
        let run = self.run(board, from, to).await?;
        let mut ranges = self.ranges();
        let is_free = ranges.iter().all(|(first, last)| to < *first || *last < from);
        if is_free && composed(&run).is_some() {
            ranges.push((from, to));
        }
        Ok(())
    }

    /// From now on nobody can resume from before this.
    pub fn forget(&self, before: Seq) {
        self.horizon.fetch_max(before.0, Ordering::Relaxed);
    }

    async fn run(&self, board: BoardId, from: Seq, to: Seq) -> Result<Vec<Event>, StoreError> {
        let mut events =
            self.inner.events(board, Seq(from.0.saturating_sub(1)), usize::MAX).await?;
        events.retain(|event| event.seq <= to);
        Ok(events)
    }

    fn ranges(&self) -> MutexGuard<'_, Vec<(Seq, Seq)>> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_gone(&self, seq: Seq) -> bool {
        seq.0 < self.horizon.load(Ordering::Relaxed)
            || self.ranges().iter().any(|(from, to)| *from <= seq && seq < *to)
    }
}

/// One event for all of a run, if they can be one.
fn composed(run: &[Event]) -> Option<Event> {
    let (first, rest) = run.split_first()?;
    rest.iter().try_fold(first.clone(), |all, next| {
        let Change::NoteEdited { note, delta } = &all.change else { return None };
        let Change::NoteEdited { note: next_note, delta: next_delta } = &next.change else {
            return None;
        };
        let delta = delta.compose(next_delta).ok()?;
        (note == next_note && all.actor.id == next.actor.id).then(|| Event {
            from: all.from,
            change: Change::NoteEdited { note: *note, delta },
            ..next.clone()
        })
    })
}

#[async_trait]
impl Store for SquashingStore {
    async fn load(&self, wanted: &[BoardWanted]) -> Result<Vec<BoardLoaded>, StoreError> {
        let mut loaded = self.inner.load(wanted).await?;
        for board in loaded.iter_mut().filter_map(|it| it.board.as_mut()) {
            board.bases.retain(|seq, _| !self.is_gone(*seq));
        }
        Ok(loaded)
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<Commit>, StoreError> {
        self.inner.commit(changes).await
    }

    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        self.inner.boards_of(actor, max).await
    }

    async fn standing(
        &self,
        board: BoardId,
        actor: ActorId,
        position: Option<Seq>,
    ) -> Result<Option<Standing>, StoreError> {
        let mut standing = self.inner.standing(board, actor, position).await?;
        if let Some(standing) = &mut standing {
            standing.event_at =
                standing.event_at.filter(|_| !position.is_some_and(|it| self.is_gone(it)));
        }
        Ok(standing)
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<Notes>, StoreError> {
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
        let mut events = self.inner.events(board, after, bytes_max).await?;
        let ranges = self.ranges().clone();
        for (from, to) in ranges.into_iter().filter(|(_, to)| *to > after) {
            let squashed = composed(&self.run(board, from, to).await?);
            let place = events.iter().position(|event| event.seq >= from);
            events.retain(|event| event.seq < from || event.seq > to);
            if let (Some(squashed), Some(place)) = (squashed, place) {
                events.insert(place, squashed);
            }
        }
        Ok(events)
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
    ) -> Result<NoteEvents, StoreError> {
        self.inner.note_events(board, note, before, max).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }
}
