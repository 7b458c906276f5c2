//! The aggregate: the state of a board that a decision reads.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::{
    ActorId, BoardId, Delta, EventId, KeyHash, LinkId, Note, NoteId, Position, Role, Seq, Title,
};

/// An invitation: an actor that presents its key becomes a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Identifies the link in events.
    pub id: LinkId,
    /// The role of members that join by it.
    pub role: Role,
    /// The hash of the key; the key itself is not stored.
    pub hash: KeyHash,
}

/// An earlier edit of a note, with its inverse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PastEdit {
    /// The event's number.
    pub seq: Seq,
    /// The change.
    pub delta: Delta,
    /// Changes the text after it into the text before it.
    pub inverse: Delta,
}

/// A board's header, with only the members, notes and edits that a batch of commands needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Board {
    /// The board's id.
    pub id: BoardId,
    /// Its title.
    pub title: Title,
    /// The position of the last event.
    pub head: Position,
    /// The number of notes, trashed ones included, deleted ones not.
    pub note_count: u32,
    /// The UTF-8 bytes of their texts.
    pub text_bytes: u64,
    /// All links.
    pub links: Vec<Link>,
    /// The requested actors that are members.
    pub members: BTreeMap<ActorId, Role>,
    /// The requested notes that exist, tombstones of deleted notes included.
    pub notes: BTreeMap<NoteId, Note>,
    /// For each note that was requested with a base: its edits after the lowest base, oldest first.
    pub edits: BTreeMap<NoteId, Vec<PastEdit>>,
    /// For each note with more edits than a load returns: the last edit that is missing here.
    pub left_out: BTreeMap<NoteId, Seq>,
    /// The event ids at the requested positions, as far as they can be verified.
    pub bases: BTreeMap<Seq, EventId>,
}

impl Board {
    /// The actor's role; `None` if it is not a member, to which the board must look absent.
    #[must_use]
    pub fn role(&self, actor: ActorId) -> Option<Role> {
        self.members.get(&actor).copied()
    }

    /// Whether this position is in the board's history.
    #[must_use]
    pub fn knows(&self, position: Position) -> bool {
        position == self.head || self.bases.get(&position.seq) == Some(&position.event)
    }
}
