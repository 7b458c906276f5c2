//! What queries read from a store.

use async_trait::async_trait;
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    ActorId, BoardId, Delta, Event, EventId, Note, NoteId, Position, Role, Seq, Title,
};

use super::StoreError;

/// Boards, notes and logs, read in pages. Each call reads from one snapshot.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait ReadStore: Send + Sync {
    /// The boards of which an actor is a member, latest change first, at most `max`.
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError>;

    /// The states of boards, each with an actor's role on it: one result for each request, in the
    /// same order; `None` for a board that does not exist.
    async fn board_statuses(
        &self,
        requests: &[BoardStatusRequest],
    ) -> Result<Vec<Option<BoardStatus>>, StoreError>;

    /// A board's notes by id, after `after`, at most `bytes_max` bytes of JSON, but at least one if
    /// there is one. Tombstones are left out. `None` if the board does not exist.
    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError>;

    /// One note, or its tombstone, and the board's head; `None` if the board does not exist.
    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError>;

    /// Pages of boards' events: one for each request, in the same order. Each has events in order, at
    /// most `bytes_max` bytes of JSON, but at least one if there is one.
    async fn event_pages(
        &self,
        requests: &[EventPageRequest],
        bytes_max: usize,
    ) -> Result<Vec<Vec<Event>>, StoreError>;

    /// The heads of those boards that exist, each once, in any order.
    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError>;

    /// The latest events of a note before a number, at most `max`, and the inverses of the later
    /// edits. Fails as unavailable if those inverses exceed [`LATER_INVERSES_BYTES_MAX`].
    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError>;
}

/// Bytes of JSON of the inverses that lead from a note's text back to an old one. Few readers go
/// back so far, and one that does must not exhaust the memory.
pub const LATER_INVERSES_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A board and an actor, of which the status is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BoardStatusRequest {
    /// The board.
    pub board: BoardId,
    /// The actor whose role is needed.
    pub actor: ActorId,
    /// A number to look up in the board's log.
    pub position: Option<Seq>,
}

/// A place in a board's log from which a page is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventPageRequest {
    /// The board.
    pub board: BoardId,
    /// The number after which the events are needed.
    pub after: Seq,
}

/// The state of a board, and an actor's role on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoardStatus {
    /// The actor's role; `None` if the actor is not a member.
    pub role: Option<Role>,
    /// The board's title.
    pub title: Title,
    /// The last event.
    pub head: Position,
    /// The id of the event with the requested number, if the log has it.
    pub event_at: Option<EventId>,
    /// Bytes of JSON of the events after that number, as they were written; the events take less if
    /// some were squashed since. 0 if no number was requested.
    pub bytes_since: u64,
    /// Bytes of text in the board's notes.
    pub text_bytes: u64,
}

/// One page of a board's notes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotesPage {
    /// The board's head when the page was read.
    pub head: Position,
    /// The board's title at that time.
    pub title: Title,
    /// Ordered by id.
    pub notes: Vec<Note>,
    /// The last id on the page if more notes follow.
    pub next: Option<NoteId>,
}

/// One page of a note's history.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NoteHistoryPage {
    /// Oldest first; edits come with their inverses.
    pub events: Vec<(Event, Option<Delta>)>,
    /// The inverses of the edits after the page, oldest first.
    pub later_inverses: Vec<Delta>,
    /// Whether there are earlier events.
    pub more: bool,
    /// The note as it is now; `None` if it does not exist.
    pub note: Option<Note>,
}
