//! Events: the changes of a board.

use serde::{Deserialize, Serialize};

use crate::{
    Actor, BoardId, Colour, Delta, EventId, LinkId, MessageId, NoteId, Position, Rank, Role, Seq,
    Text, Timestamp, Title,
};

/// A change of a board, as all its members see it.
///
/// It holds only what every member may know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// The board that changed.
    pub board: BoardId,
    /// Its number; for a squashed event, the number of the last event in it.
    pub seq: Seq,
    /// For a squashed event, the number of the first event in it; otherwise `seq`.
    pub from: Seq,
    /// Minted by the core.
    pub id: EventId,
    /// The message id of the command that caused it, by which the sender recognises it.
    pub message: MessageId,
    /// The sender of the command, as it was then.
    pub actor: Actor,
    /// The time of the decision.
    pub at: Timestamp,
    /// The change.
    pub change: Change,
}

impl Event {
    /// The position of this event.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { seq: self.seq, event: self.id }
    }
}

/// What an event changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// The board was created; the actor owns it.
    BoardCreated {
        /// Its first title.
        title: Title,
    },
    /// The board's title changed.
    BoardRenamed {
        /// The new title.
        title: Title,
    },
    /// The actor added a link.
    LinkAdded {
        /// The link, without its key.
        link: LinkId,
        /// The role of members that join by it.
        role: Role,
    },
    /// The actor became a member.
    MemberJoined {
        /// Its role.
        role: Role,
    },
    /// A note was created.
    NoteCreated {
        /// Which note.
        note: NoteId,
        /// Its first text.
        text: Text,
        /// Its colour.
        colour: Colour,
        /// Its rank.
        rank: Rank,
    },
    /// A note's text changed. If the note was in the trash, the edit restored it.
    NoteEdited {
        /// Which note.
        note: NoteId,
        /// The change of the text that the event before left.
        delta: Delta,
    },
    /// A note's rank changed.
    NoteMoved {
        /// Which note.
        note: NoteId,
        /// Its new rank.
        rank: Rank,
    },
    /// A note's colour changed.
    NoteRecoloured {
        /// Which note.
        note: NoteId,
        /// Its new colour.
        colour: Colour,
    },
    /// A note was moved to the trash.
    NoteTrashed {
        /// Which note.
        note: NoteId,
    },
    /// A note was restored from the trash.
    NoteRestored {
        /// Which note.
        note: NoteId,
    },
    /// A note was deleted permanently.
    NoteDeleted {
        /// Which note.
        note: NoteId,
    },
}

impl Change {
    /// The note that changed, if any.
    #[must_use]
    pub fn note(&self) -> Option<NoteId> {
        match self {
            Self::BoardCreated { .. }
            | Self::BoardRenamed { .. }
            | Self::LinkAdded { .. }
            | Self::MemberJoined { .. } => None,
            Self::NoteCreated { note, .. }
            | Self::NoteEdited { note, .. }
            | Self::NoteMoved { note, .. }
            | Self::NoteRecoloured { note, .. }
            | Self::NoteTrashed { note }
            | Self::NoteRestored { note }
            | Self::NoteDeleted { note } => Some(*note),
        }
    }
}
