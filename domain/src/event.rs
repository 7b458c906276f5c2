//! Messages out: what did happen.

use serde::{Deserialize, Serialize};

use crate::{
    Actor, BoardId, Colour, Delta, EventId, LinkId, MessageId, NoteId, Position, Rank, Role, Seq,
    Text, Timestamp, Title,
};

/// Something that happened on a board, as all its members see it.
///
/// It holds only what the least privileged reader of the board may know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Where it happened.
    pub board: BoardId,
    /// Its number; where it stands for several squashed events, the last one's.
    pub seq: Seq,
    /// The number of the first event that it stands for; usually `seq`.
    pub from: Seq,
    /// Minted by the core.
    pub id: EventId,
    /// The command that made it, by which its sender knows it again.
    pub message: MessageId,
    /// Who did it, as they were then.
    pub actor: Actor,
    /// When it was decided.
    pub at: Timestamp,
    /// What is different now.
    pub change: Change,
}

impl Event {
    /// Where this event stands.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { seq: self.seq, event: self.id }
    }
}

/// What an event changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// The board began; the actor owns it.
    BoardCreated {
        /// Its first title.
        title: Title,
    },
    /// The board has another title.
    BoardRenamed {
        /// The new title.
        title: Title,
    },
    /// The actor made a link to the board.
    LinkAdded {
        /// The link, without its key.
        link: LinkId,
        /// The role of members that join by it.
        role: Role,
    },
    /// The actor became a member.
    MemberJoined {
        /// What they may do.
        role: Role,
    },
    /// A note was put on the board.
    NoteCreated {
        /// Which note.
        note: NoteId,
        /// Its first text.
        text: Text,
        /// Its colour.
        colour: Colour,
        /// Its place.
        rank: Rank,
    },
    /// A note's text changed; a trashed note came back by it.
    NoteEdited {
        /// Which note.
        note: NoteId,
        /// What changed, on the text as the event before left it.
        delta: Delta,
    },
    /// A note has another place.
    NoteMoved {
        /// Which note.
        note: NoteId,
        /// Its new place.
        rank: Rank,
    },
    /// A note has another colour.
    NoteRecoloured {
        /// Which note.
        note: NoteId,
        /// Its new colour.
        colour: Colour,
    },
    /// A note was put into the trash.
    NoteTrashed {
        /// Which note.
        note: NoteId,
    },
    /// A note came back from the trash.
    NoteRestored {
        /// Which note.
        note: NoteId,
    },
    /// A note was deleted for good.
    NoteDeleted {
        /// Which note.
        note: NoteId,
    },
}

impl Change {
    /// The note that changed, if it was one.
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
