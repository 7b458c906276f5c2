//! What the core loads before it decides, and commits afterwards.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use sockbit_domain::{
    ActorId, Board, BoardId, ClientId, Fact, Link, MessageId, Note, NoteId, Outcome, Position,
    Role, Seq, Timestamp, Title,
};

use super::{CommitResult, StoreError};

/// Boards as decisions need them, and conditional commits to them.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait DecisionStore: Send + Sync {
    /// Loads what is needed to decide: one result for each request, in the same order. Everything
    /// about one board is read from one snapshot.
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError>;

    /// Durably commits each board's changes, atomically for each board, even if the call is
    /// cancelled: one result for each, in the same order. A board whose head is no longer
    /// `expected`, or whose changes break a constraint, is not changed.
    ///
    /// After an error the changes may or may not be committed. Deciding the commands again is safe.
    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError>;
}

/// What a batch needs to know of one board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadRequest {
    /// The board.
    pub board: BoardId,
    /// Actors whose roles are needed.
    pub actors: BTreeSet<ActorId>,
    /// Commands whose outcomes are needed, if there are any already.
    pub messages: BTreeSet<(ClientId, MessageId)>,
    /// Notes; for those that are edited, the number after which their edits are needed.
    pub notes: BTreeMap<NoteId, Option<Seq>>,
    /// Bytes of JSON of each note's edits, of which the latest are loaded; at least one is loaded if
    /// there is one.
    pub edits_bytes_max: usize,
    /// Numbers of events whose ids are needed to verify positions.
    pub bases: BTreeSet<Seq>,
}

/// What the store has of one board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadedBoard {
    /// The board with what was requested; `None` if it does not exist.
    pub board: Option<Board>,
    /// The requested outcomes that exist.
    pub outcomes: Vec<StoredOutcome>,
}

/// The outcome of a command, kept for its repeats.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredOutcome {
    /// The client that sent the command.
    pub client: ClientId,
    /// The command's id.
    pub message: MessageId,
    /// SHA-256 of the command's body as received.
    pub body_hash: [u8; 32],
    /// The outcome.
    pub outcome: Outcome,
    /// When it was decided.
    pub at: Timestamp,
}

/// What a batch changes on one board.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoardChanges {
    /// The board.
    pub board: BoardId,
    /// The head on which the batch was decided; `None` for a new board.
    pub expected: Option<Position>,
    /// The head afterwards.
    pub head: Position,
    /// The title afterwards.
    pub title: Title,
    /// The number of notes afterwards, without those deleted for good.
    pub note_count: u32,
    /// Bytes of text in those notes.
    pub text_bytes: u64,
    /// What happened, in order.
    pub facts: Vec<Fact>,
    /// The notes that changed, as they are afterwards.
    pub notes: Vec<Note>,
    /// New members, and members with a new role.
    pub members: Vec<(ActorId, Role)>,
    /// New links.
    pub links: Vec<Link>,
    /// The commands' outcomes.
    pub outcomes: Vec<StoredOutcome>,
}

impl BoardChanges {
    /// Whether the facts continue the log from `expected` to `head` without a gap, in numbers that
    /// every store can hold. Changes that do not are never written.
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
