//! The aggregate: what a decision about a board may need to know.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::{
    ActorId, BoardId, Delta, EventId, KeyHash, LinkId, Note, NoteId, Position, Role, Seq, Title,
};

/// An invitation: an actor with the key becomes a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Names the link in events.
    pub id: LinkId,
    /// The role of members that join by it.
    pub role: Role,
    /// The hash of the key; the key itself is not stored.
    pub hash: KeyHash,
}

/// An edit that a note has seen, with what takes it back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PastEdit {
    /// The event's number.
    pub seq: Seq,
    /// What it changed.
    pub delta: Delta,
    /// Changes the text after it into the text before it.
    pub inverse: Delta,
}

/// A board's frame, and of its members, notes and history only what a batch names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Board {
    /// Which board.
    pub id: BoardId,
    /// Its title.
    pub title: Title,
    /// The last event.
    pub head: Position,
    /// Notes that are not deleted for good.
    pub note_count: u32,
    /// Bytes of UTF-8 in those notes.
    pub text_bytes: u64,
    /// All links.
    pub links: Vec<Link>,
    /// Those asked for who are members.
    pub members: BTreeMap<ActorId, Role>,
    /// Those asked for that exist, tombstones included.
    pub notes: BTreeMap<NoteId, Note>,
    /// For each note asked for with a base: its edits after the lowest base, oldest first.
    pub edits: BTreeMap<NoteId, Vec<PastEdit>>,
    /// For each of these notes whose edits were too many to be all here: the last one left out.
    pub left_out: BTreeMap<NoteId, Seq>,
    /// The events at those of the asked-for positions that can be verified.
    pub bases: BTreeMap<Seq, EventId>,
}

impl Board {
    /// An actor's role; `None` for actors that may not know of the board.
    #[must_use]
    pub fn role(&self, actor: ActorId) -> Option<Role> {
        self.members.get(&actor).copied()
    }

    /// Whether a position is one of this board's history.
    #[must_use]
    pub fn knows(&self, position: Position) -> bool {
        position == self.head || self.bases.get(&position.seq) == Some(&position.event)
    }
}
