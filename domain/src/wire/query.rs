//! Questions and their answers.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    Actor, BoardId, Change, Note, NoteId, Position, Rejection, Role, Seq, Text, Timestamp, Title,
};

/// A query. It changes nothing, and is answered as far as the asker may know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Query {
    /// The boards that the asker is a member of, latest change first.
    MyBoards {},
    /// A board's notes, by note id, as many as fit a page.
    BoardPage {
        /// Which board.
        board: BoardId,
        /// The `next` of the page before; none for the first.
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
    /// What happened to one note, latest page first.
    NoteHistory {
        /// Its board.
        board: BoardId,
        /// Which note.
        note: NoteId,
        /// Only what happened before this; none for the latest page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
    },
}

/// The answer to a [`Query`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// To `my_boards`.
    MyBoards {
        /// Latest change first.
        boards: Vec<BoardSummary>,
        /// Whether there are older ones that were left out.
        more: bool,
    },
    /// To `board_page`.
    BoardPage(BoardPage),
    /// To `note`.
    Note(NotePage),
    /// To `note_history`.
    NoteHistory(NoteHistory),
    /// Not answered.
    Rejected(Rejection),
}

/// A board in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BoardSummary {
    /// Which board.
    pub board: BoardId,
    /// Its title.
    pub title: Title,
    /// What the asker may do there.
    pub role: Role,
    /// Notes on it, without those in the trash.
    pub notes: u32,
    /// Who changed it last.
    pub changed_by: Actor,
    /// When that was.
    pub changed_at: Timestamp,
}

/// A part of a board that fits one message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BoardPage {
    /// Which board.
    pub board: BoardId,
    /// Its title.
    pub title: Title,
    /// What the asker may do there.
    pub role: Role,
    /// The head when this page was read; the first page's is what to join with.
    pub position: Position,
    /// By id; those in the trash too, those deleted for good not.
    pub notes: Vec<Note>,
    /// What to ask the next page with; none on the last.
    pub next: Option<NoteId>,
}

/// One note with what one needs to know around it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NotePage {
    /// Which board.
    pub board: BoardId,
    /// The board's title.
    pub title: Title,
    /// What the asker may do there.
    pub role: Role,
    /// The head when this was read: the base for edits of the text below.
    pub position: Position,
    /// The note.
    pub note: Note,
}

/// What happened to a note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoteHistory {
    /// The text before the first entry.
    pub text_before: Text,
    /// Oldest first.
    pub entries: Vec<HistoryEntry>,
    /// What to ask for what happened earlier with; none where this is the beginning.
    pub earlier: Option<Seq>,
}

/// One thing that happened to a note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The event's number.
    pub seq: Seq,
    /// Who did it.
    pub actor: Actor,
    /// When it was decided.
    pub at: Timestamp,
    /// What was different after it.
    pub change: Change,
}

impl Reply {
    /// A short name of what kind of answer this is, for logs.
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
    /// A short name of what is asked, for logs and metrics.
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
