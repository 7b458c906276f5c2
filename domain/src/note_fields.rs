//! The fields of a note that commands set.
//!
//! Decisions, events and the pending commands of clients share these functions, so a command that
//! sets a field has its meaning here only.

use serde::{Deserialize, Serialize};

use crate::{Change, Colour, Command, Rank};

/// The fields of a note besides its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoteFields {
    /// Its colour.
    pub colour: Colour,
    /// Its position among the board's notes.
    pub rank: Rank,
    /// On the board, in the trash, or deleted.
    pub state: NoteState,
}

/// The life cycle of a note.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteState {
    /// On the board.
    Live,
    /// In the trash; it can be restored.
    Trashed,
    /// Deleted permanently; its id is kept, so that it is never reused.
    Deleted,
}

impl NoteState {
    /// Its name in stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Trashed => "trashed",
            Self::Deleted => "deleted",
        }
    }
}

impl Command {
    /// The change that the command makes, if it only sets fields of a note.
    #[must_use]
    pub fn field_change(&self) -> Option<Change> {
        match self {
            Self::MoveNote { note, rank } => {
                Some(Change::NoteMoved { note: *note, rank: rank.clone() })
            }
            Self::RecolourNote { note, colour } => {
                Some(Change::NoteRecoloured { note: *note, colour: *colour })
            }
            Self::TrashNote { note } => Some(Change::NoteTrashed { note: *note }),
            Self::RestoreNote { note } => Some(Change::NoteRestored { note: *note }),
            Self::CreateBoard { .. }
            | Self::RenameBoard { .. }
            | Self::AddLink { .. }
            | Self::JoinBoard {}
            | Self::CreateNote { .. }
            | Self::EditNote { .. }
            | Self::DeleteNote { .. } => None,
        }
    }
}

impl NoteFields {
    /// The fields after a change; `None` if it is no change of an existing note. An edit restores a
    /// note from the trash.
    #[must_use]
    pub fn after(&self, change: &Change) -> Option<Self> {
        let mut fields = self.clone();
        match change {
            Change::NoteMoved { rank, .. } => fields.rank = rank.clone(),
            Change::NoteRecoloured { colour, .. } => fields.colour = *colour,
            Change::NoteTrashed { .. } => fields.state = NoteState::Trashed,
            Change::NoteEdited { .. } | Change::NoteRestored { .. } => {
                fields.state = NoteState::Live;
            }
            Change::NoteDeleted { .. } => fields.state = NoteState::Deleted,
            Change::BoardCreated { .. }
            | Change::BoardRenamed { .. }
            | Change::LinkAdded { .. }
            | Change::MemberJoined { .. }
            | Change::NoteCreated { .. } => return None,
        }
        Some(fields)
    }
}
