//! Who is at the board: what this client says of its person, and what it is told of the others.

use sockbit_domain::NoteId;
use sockbit_domain::wire::{ClientMessage, PersonPresence};

use crate::board_client::BoardClient;
use crate::presence::{Here, Presence};
use crate::subscription::Subscription;

impl BoardClient {
    /// The person looks at the board, and is in this note now, or in none.
    pub fn set_presence(&mut self, note: Option<NoteId>) {
        let here = Some(Here { note });
        if self.presence.here != here {
            self.presence.here = here;
            self.say_presence();
        }
    }

    /// The others who are here, by id, each with the notes that they are in.
    #[must_use]
    pub fn people(&self) -> Vec<PersonPresence> {
        let me = self.me.as_ref().map(|me| me.id);
        let others = self.presence.people.iter().filter(|person| Some(person.actor.id) != me);
        others.cloned().collect()
    }

    /// About how many there are besides.
    #[must_use]
    pub fn more_people(&self) -> u32 {
        self.presence.more
    }

    /// Says where the person is, if the board's events follow: the server forgets it with each join.
    pub(crate) fn say_presence(&mut self) {
        if let (Subscription::Live { .. }, Some(Here { note })) =
            (&self.subscription, self.presence.here)
        {
            self.send(&ClientMessage::Presence { board: self.board, note });
        }
    }

    pub(crate) fn on_presence(&mut self, people: Vec<PersonPresence>, more: u32) {
        let Presence { people: before, more: more_before, .. } = &mut self.presence;
        if (&*before, *more_before) != (&people, more) {
            (*before, *more_before) = (people, more);
            self.changes.people();
        }
    }

    /// Who is not told of others any more does not know of them.
    pub(crate) fn forget_people(&mut self) {
        self.on_presence(Vec::new(), 0);
    }
}
