//! Presence on the board: the user's own, and that of other users. Nothing of it is stored.

use sockbit_domain::wire::{ClientMessage, PersonPresence};
use sockbit_domain::{ActorId, BoardId, NoteId};

#[derive(Clone, Debug, Default)]
pub(crate) struct Presence {
    /// `None` until the page sets it: nothing is sent before.
    own: Option<OwnPresence>,
    people: Vec<PersonPresence>,
    more: u32,
}

/// The user is on the board, and perhaps in a note.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct OwnPresence {
    note: Option<NoteId>,
}

impl Presence {
    /// Returns whether it changed.
    pub fn set_own(&mut self, note: Option<NoteId>) -> bool {
        let own = Some(OwnPresence { note });
        std::mem::replace(&mut self.own, own) != own
    }

    pub fn message(&self, board: BoardId) -> Option<ClientMessage> {
        self.own.map(|OwnPresence { note }| ClientMessage::Presence { board, note })
    }

    /// Returns whether it changed.
    pub fn set_people(&mut self, people: Vec<PersonPresence>, more: u32) -> bool {
        let is_changed = (&self.people, self.more) != (&people, more);
        (self.people, self.more) = (people, more);
        is_changed
    }

    /// All people but the user.
    pub fn people(&self, user: Option<ActorId>) -> Vec<PersonPresence> {
        self.people.iter().filter(|person| Some(person.actor.id) != user).cloned().collect()
    }

    pub fn more(&self) -> u32 {
        self.more
    }
}
