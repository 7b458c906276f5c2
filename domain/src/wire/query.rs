//! Queries and their replies.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    Actor, BoardId, Change, Note, NoteId, Position, Rejection, Role, Seq, Text, Timestamp, Title,
};

/// A read request. The reply holds only what the sender may see.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Query {
    /// The boards that the sender is a member of, latest change first.
    MyBoards {},
    /// One page of a board's notes, ordered by note id.
    BoardPage {
        /// Which board.
        board: BoardId,
        /// `next` of the previous page; none for the first page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<NoteId>,
    },
    /// One note.
    Note {
        /// Its board.
        board: BoardId,
        /// Which note.
        note: NoteId,
    },
    /// One page of the changes of a note, latest page first.
    NoteHistory {
        /// Its board.
        board: BoardId,
        /// Which note.
        note: NoteId,
        /// Only changes before this event; none for the latest page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
    },
}

/// The response to a [`Query`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// To `my_boards`.
    MyBoards {
        /// Latest change first.
        boards: Vec<BoardSummary>,
        /// Whether the list is incomplete: older boards are not in it.
        more: bool,
    },
    /// To `board_page`.
    BoardPage(BoardPage),
    /// To `note`.
    Note(NotePage),
    /// To `note_history`.
    NoteHistory(NoteHistory),
    /// The query was rejected.
    Rejected(Rejection),
}

/// An entry of a list of boards.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BoardSummary {
    /// Which board.
    pub board: BoardId,
    /// Its title.
    pub title: Title,
    /// The sender's role.
    pub role: Role,
    /// The number of notes, without trashed ones.
    pub notes: u32,
    /// The actor of the last change.
    pub changed_by: Actor,
    /// The time of the last change.
    pub changed_at: Timestamp,
}

/// A part of a board that fits into one message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BoardPage {
    /// Which board.
    pub board: BoardId,
    /// Its title.
    pub title: Title,
    /// The sender's role.
    pub role: Role,
    /// The head when this page was read. A client joins with the first page's position.
    pub position: Position,
    /// The notes, ordered by id, trashed ones included, deleted ones not.
    pub notes: Vec<Note>,
    /// `after` of the next page; none on the last page.
    pub next: Option<NoteId>,
}

/// One note, with what a client needs to edit it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NotePage {
    /// Which board.
    pub board: BoardId,
    /// The board's title.
    pub title: Title,
    /// The sender's role.
    pub role: Role,
    /// The head when the note was read: the base for edits of its text.
    pub position: Position,
    /// The note.
    pub note: Note,
}

/// A page of the history of a note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoteHistory {
    /// The text before the first entry.
    pub text_before: Text,
    /// The changes, oldest first.
    pub entries: Vec<HistoryEntry>,
    /// `before` of the previous page; none if this is the beginning.
    pub earlier: Option<Seq>,
}

/// One change of a note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The event's number.
    pub seq: Seq,
    /// The actor that made it.
    pub actor: Actor,
    /// The time of the decision.
    pub at: Timestamp,
    /// The change.
    pub change: Change,
}

impl Reply {
    /// The type's name, for logs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MyBoards { .. } => "my_boards",
            Self::BoardPage(_) => "board_page",
            Self::Note(_) => "note",
            Self::NoteHistory(_) => "note_history",
            Self::Rejected(_) => "rejected",
        }
    }
}

impl From<Rejection> for Reply {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl Query {
    /// The type's name, for logs and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::MyBoards {} => "my_boards",
            Self::BoardPage { .. } => "board_page",
            Self::Note { .. } => "note",
            Self::NoteHistory { .. } => "note_history",
        }
    }
}
