//! Commands: requests to change a board.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{Colour, Delta, NoteId, Position, Rank, Role, Text};

/// A request to change one board. Its envelope holds the sender, the board and the message id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Create a board; the sender becomes its owner.
    CreateBoard {
        /// One line.
        title: String,
    },
    /// Change the board's title.
    RenameBoard {
        /// One line.
        title: String,
    },
    /// Add a link for a key, whose hash is in the envelope.
    AddLink {
        /// The role of members that join by it.
        role: Role,
    },
    /// Become a member by a key, whose hash is in the envelope.
    JoinBoard {},
    /// Create a note.
    CreateNote {
        /// Minted by the sender.
        note: NoteId,
        /// Markdown; normalised when read.
        text: Text,
        /// Its colour.
        colour: Colour,
        /// Its position among the board's notes.
        rank: Rank,
    },
    /// Change a note's text.
    EditNote {
        /// Which note.
        note: NoteId,
        /// The position that the sender had applied when the change was made.
        base: Position,
        /// The change.
        #[serde(flatten)]
        change: TextChange,
    },
    /// Change a note's rank.
    MoveNote {
        /// Which note.
        note: NoteId,
        /// Its new rank.
        rank: Rank,
    },
    /// Change a note's colour.
    RecolourNote {
        /// Which note.
        note: NoteId,
        /// Its new colour.
        colour: Colour,
    },
    /// Move a note to the trash.
    TrashNote {
        /// Which note.
        note: NoteId,
    },
    /// Take a note out of the trash.
    RestoreNote {
        /// Which note.
        note: NoteId,
    },
    /// Delete a trashed note permanently.
    DeleteNote {
        /// Which note.
        note: NoteId,
    },
}

/// A change of a text: a `delta`, or the whole new `text`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawTextChange", into = "RawTextChange")]
pub enum TextChange {
    /// A delta on the base text.
    Delta(Delta),
    /// The whole new text, for senders that cannot compute deltas.
    Whole(Text),
}

#[derive(Clone, Serialize, Deserialize)]
struct RawTextChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delta: Option<Delta>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<Text>,
}

impl TryFrom<RawTextChange> for TextChange {
    type Error = &'static str;

    fn try_from(raw: RawTextChange) -> Result<Self, Self::Error> {
        match (raw.delta, raw.text) {
            (Some(delta), None) => Ok(Self::Delta(delta)),
            (None, Some(text)) => Ok(Self::Whole(text)),
            (None, None) => Err("missing field `delta` (or `text`)"),
            (Some(_), Some(_)) => Err("`delta` and `text` exclude each other"),
        }
    }
}

impl From<TextChange> for RawTextChange {
    fn from(change: TextChange) -> Self {
        match change {
            TextChange::Delta(delta) => Self { delta: Some(delta), text: None },
            TextChange::Whole(text) => Self { delta: None, text: Some(text) },
        }
    }
}

impl Command {
    /// The note that the command changes, if any.
    #[must_use]
    pub fn note(&self) -> Option<NoteId> {
        match self {
            Self::CreateBoard { .. }
            | Self::RenameBoard { .. }
            | Self::AddLink { .. }
            | Self::JoinBoard {} => None,
            Self::CreateNote { note, .. }
            | Self::EditNote { note, .. }
            | Self::MoveNote { note, .. }
            | Self::RecolourNote { note, .. }
            | Self::TrashNote { note }
            | Self::RestoreNote { note }
            | Self::DeleteNote { note } => Some(*note),
        }
    }

    /// The position that the command is based on, if it has one.
    #[must_use]
    pub fn base(&self) -> Option<Position> {
        match self {
            Self::EditNote { base, .. } => Some(*base),
            _ => None,
        }
    }
}
