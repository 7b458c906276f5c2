//! Messages in: wishes to change a board.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{Colour, Delta, NoteId, Position, Rank, Role, Text};

/// A wish to change one board. Its sender, board and message id travel beside it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Begin a board; the sender becomes its owner.
    CreateBoard {
        /// One line.
        title: String,
    },
    /// Give the board another title.
    RenameBoard {
        /// One line.
        title: String,
    },
    /// Add a link for a key, whose hash travels beside the command.
    AddLink {
        /// The role of members that join by it.
        role: Role,
    },
    /// Become a member by a key, whose hash travels beside the command.
    JoinBoard {},
    /// Put a new note on the board.
    CreateNote {
        /// Minted by the sender.
        note: NoteId,
        /// Markdown; normalised when read.
        text: Text,
        /// The sheet's colour.
        colour: Colour,
        /// The place on the board.
        rank: Rank,
    },
    /// Change a note's text.
    EditNote {
        /// Whose text.
        note: NoteId,
        /// The position that the sender had applied when the change was made.
        base: Position,
        /// What to change.
        #[serde(flatten)]
        change: TextChange,
    },
    /// Give a note another place.
    MoveNote {
        /// Which note.
        note: NoteId,
        /// Its new place.
        rank: Rank,
    },
    /// Give a note another colour.
    RecolourNote {
        /// Which note.
        note: NoteId,
        /// Its new colour.
        colour: Colour,
    },
    /// Put a note into the trash.
    TrashNote {
        /// Which note.
        note: NoteId,
    },
    /// Take a note out of the trash.
    RestoreNote {
        /// Which note.
        note: NoteId,
    },
    /// Delete a trashed note for good.
    DeleteNote {
        /// Which note.
        note: NoteId,
    },
}

/// How a text is changed: by `delta`, or by the whole new `text`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawTextChange", into = "RawTextChange")]
pub enum TextChange {
    /// What to keep, insert and delete of the base text.
    Delta(Delta),
    /// The text as it shall be, for senders that cannot make deltas.
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
    /// The note that the command names, if it names one.
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

    /// The position that the command was made on, if that matters to it.
    #[must_use]
    pub fn base(&self) -> Option<Position> {
        match self {
            Self::EditNote { base, .. } => Some(*base),
            _ => None,
        }
    }
}
