//! What the core keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use async_trait::async_trait;
use serde::Serialize;
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    ActorId, Board, BoardId, ClientId, Delta, Event, EventId, Fact, Link, MessageId, Note, NoteId,
    Outcome, Position, Role, Seq, Timestamp, Title,
};

use super::compaction::{CompactableEvents, CompactionCandidate, Squash};

/// The boards, their logs and the outcomes of commands, each kept as long as anybody may ask for it.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Store: Send + Sync {
    /// Loads what is needed to decide, one answer for each request in the same order. All that is
    /// said of one board is true at one moment.
    async fn load(&self, wanted: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError>;

    /// Writes what was decided, durably, each board whole or not at all, also where the call is
    /// given up half way: one verdict for each, in the same order. A board whose head is no longer
    /// `expected`, or whose changes break a constraint, is left as it is.
    ///
    /// On an error nothing may be assumed, but that deciding again is safe.
    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError>;

    /// The boards that somebody is a member of, latest change first, at most `max`.
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError>;

    /// What somebody is to a board, and where it stands; `None` for boards that do not exist.
    /// `position` is a number to look up in the board's log.
    async fn board_status(
        &self,
        board: BoardId,
        actor: ActorId,
        position: Option<Seq>,
    ) -> Result<Option<BoardStatus>, StoreError>;

    /// A board's notes by id, beyond `after`, as many as take at most `bytes_max` as JSON, but at
    /// least one if there is one. Tombstones are left out. `None` for boards that do not exist.
    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError>;

    /// One note, tombstones included, and its board's head; `None` where the board does not exist.
    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError>;

    /// A board's events beyond `after`, in order, as many as take at most `bytes_max` as JSON, but
    /// at least one if there is one.
    async fn events(
        &self,
        board: BoardId,
        after: Seq,
        bytes_max: usize,
    ) -> Result<Vec<Event>, StoreError>;

    /// The heads of those of the boards that exist, each once, in any order.
    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError>;

    /// The latest events of a note before a number, at most `max`, oldest first, with their
    /// inverses; then the inverses of the edits from that number on, oldest first. Where these take
    /// more than [`LATER_INVERSES_BYTES_MAX`] as JSON, it is unavailable.
    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError>;

    /// Boards on which something happened before that time which compaction has not seen, longest
    /// ago first, from beyond `after` on; at most `max`. What a clock that was ahead put off until
    /// after the board's next event counts as having happened with that.
    async fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
        max: u32,
    ) -> Result<Vec<CompactionCandidate>, StoreError>;

    /// A board's events beyond `after` up to the first that is not old, with their inverses: at most
    /// `max`, and as many as take at most `bytes_max` as JSON, but at least one if there is one.
    ///
    /// Old is what happened before that time. So is what claims to have happened after the board's
    /// last event, where something old comes after it: some clock was ahead, and waiting until its
    /// time has come would hold up everything behind it.
    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError>;

    /// Puts runs in the place of the events that they were made of, all or none, and notes how far
    /// compaction has come. It is a conflict, and nothing changes, where something else was settled
    /// meanwhile, or an event is no longer as it was.
    ///
    /// Nothing but the log is touched, and whoever commits meanwhile is not in the way.
    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError>;

    /// Forgets outcomes that were decided before that time, oldest first, at most `max`, and answers
    /// how many. Several may do so at once, and are not in each other's way. After an error some may
    /// be forgotten.
    ///
    /// A command whose outcome is forgotten is decided anew when it is repeated: what it did is done
    /// once more, under the same message id. So nobody may forget an outcome before its sender is
    /// certain to have given up.
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError>;

    /// Whether the store can be written to now.
    async fn check(&self) -> Result<(), StoreError>;
}

/// What leads back from a note's text to an old one. So far back hardly anybody looks, and whoever
/// does may not take the memory of everybody.
pub const LATER_INVERSES_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a store can say for itself when it fails.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// It did nothing, and may be able to later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It may have done it, or not.
    #[error("the store did not say whether it committed: {0}")]
    Unknown(String),
}

/// What a batch needs to know of one board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadRequest {
    /// Which board.
    pub board: BoardId,
    /// Whose roles.
    pub actors: BTreeSet<ActorId>,
    /// Which outcomes, if they are known already.
    pub messages: BTreeSet<(ClientId, MessageId)>,
    /// Which notes; for those that are edited, the number after which edits are needed.
    pub notes: BTreeMap<NoteId, Option<Seq>>,
    /// Of each note's edits the latest that take at most so many bytes as JSON, but at least one if
    /// there is one.
    pub edits_bytes_max: usize,
    /// Which events' ids, to verify positions.
    pub bases: BTreeSet<Seq>,
}

/// What is known of one board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadedBoard {
    /// The board with what was asked for; `None` where it does not exist.
    pub board: Option<Board>,
    /// Those asked for that are known.
    pub outcomes: Vec<StoredOutcome>,
}

/// The outcome of a command, kept for its repeats.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredOutcome {
    /// Whose command.
    pub client: ClientId,
    /// Which.
    pub message: MessageId,
    /// SHA-256 of its body as received.
    pub body_hash: [u8; 32],
    /// What became of it.
    pub outcome: Outcome,
    /// When that was decided.
    pub at: Timestamp,
}

/// What a batch makes of one board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoardChanges {
    /// Which board.
    pub board: BoardId,
    /// The head that it was decided on; `None` for a board that begins with this.
    pub expected: Option<Position>,
    /// The head after it.
    pub head: Position,
    /// The title after it.
    pub title: Title,
    /// Notes after it that are not deleted for good.
    pub note_count: u32,
    /// Bytes of text in them.
    pub text_bytes: u64,
    /// What happened, in order.
    pub facts: Vec<Fact>,
    /// The notes that are different, as they are after it.
    pub notes: Vec<Note>,
    /// Those who became members or got another role.
    pub members: Vec<(ActorId, Role)>,
    /// New links.
    pub links: Vec<Link>,
    /// What became of the commands.
    pub outcomes: Vec<StoredOutcome>,
}

impl BoardChanges {
    /// Whether the facts continue the log from `expected` to `head` without a gap, in numbers that
    /// every store can hold. What does not is never written.
    #[must_use]
    pub fn is_gapless(&self) -> bool {
        let continues = |last: Option<Position>, fact: &Fact| {
            let event = &fact.event;
            let follows = event.from == last.map_or(Seq(0), |it| it.seq).next();
            (follows && event.from <= event.seq && event.board == self.board)
                .then(|| Some(event.position()))
        };
        self.facts.iter().try_fold(self.expected, continues) == Some(Some(self.head))
            && i64::try_from(self.head.seq.0).is_ok()
    }
}

/// Fills a page: says of each item in turn whether it goes on it.
#[derive(Debug)]
pub struct PageBudget {
    bytes_left: usize,
    is_empty: bool,
}

impl PageBudget {
    /// An empty page for at most so many bytes of JSON.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_left: bytes_max, is_empty: true }
    }

    /// Whether the item goes on the page. The first does, however large, so that every page leads
    /// on; after one that does not, none does.
    pub fn takes(&mut self, item: &impl Serialize) -> bool {
        let left = self.bytes_left.checked_sub(json_bytes(item));
        let takes = self.is_empty || left.is_some();
        self.is_empty = false;
        self.bytes_left = left.unwrap_or(0);
        takes
    }
}

/// How many bytes something takes as JSON.
pub fn json_bytes(value: &impl Serialize) -> usize {
    struct Counter(usize);

    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut counter = Counter(0);
    serde_json::to_writer(&mut counter, value).map_or(usize::MAX, |()| counter.0)
}

/// What became of one board's changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommitResult {
    /// They are written.
    Done,
    /// They are not: the head had moved, or a constraint was broken. Decide again.
    Conflict,
}

/// What somebody is to a board, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoardStatus {
    /// The role; `None` for strangers.
    pub role: Option<Role>,
    /// The board's title.
    pub title: Title,
    /// The last event.
    pub head: Position,
    /// The id of the event at the asked-for number, if it is in the log.
    pub event_at: Option<EventId>,
    /// Bytes of JSON of the events after that number, as they were written, so more than they take
    /// now where some were squashed since; 0 where none was asked for.
    pub bytes_since: u64,
    /// Bytes of text in the board's notes.
    pub text_bytes: u64,
}

/// A part of a board's notes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotesPage {
    /// The head when they were read.
    pub head: Position,
    /// The title then.
    pub title: Title,
    /// By id.
    pub notes: Vec<Note>,
    /// The last id, where there are more.
    pub next: Option<NoteId>,
}

/// A part of a note's history.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NoteHistoryPage {
    /// Oldest first, each with its inverse where it is an edit.
    pub events: Vec<(Event, Option<Delta>)>,
    /// The inverses of the edits after these, oldest first.
    pub later_inverses: Vec<Delta>,
    /// Whether there are earlier ones.
    pub more: bool,
    /// The note as it is now; `None` where there is none.
    pub note: Option<Note>,
}
