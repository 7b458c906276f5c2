//! People in one place, each once however many windows they have.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_domain::wire::PersonPresence;
use sockbit_domain::{Actor, ActorId, NoteId};

/// As many as are named; the others are a number.
pub(super) const PEOPLE_MAX: usize = 100;
/// Nobody is shown in more notes at once.
const NOTES_MAX: usize = 10;

/// Collects people, and merges what is heard of one person in several places.
#[derive(Default)]
pub(super) struct PresenceMerge<'a> {
    people: BTreeMap<ActorId, (&'a Actor, BTreeSet<NoteId>)>,
    more: u32,
}

impl<'a> PresenceMerge<'a> {
    pub fn add(&mut self, actor: &'a Actor, notes: impl IntoIterator<Item = NoteId>) {
        let (_, known) = self.people.entry(actor.id).or_insert((actor, BTreeSet::new()));
        known.extend(notes);
    }

    /// So many others, of whom no more is known.
    pub fn add_unnamed(&mut self, more: u32) {
        self.more = self.more.saturating_add(more);
    }

    /// Those who are named, by id, and how many there are besides.
    pub fn told(self) -> (Vec<PersonPresence>, u32) {
        let unnamed = u32::try_from(self.people.len().saturating_sub(PEOPLE_MAX));
        let more = self.more.saturating_add(unnamed.unwrap_or(u32::MAX));
        let person = |(actor, notes): (&Actor, BTreeSet<NoteId>)| PersonPresence {
            actor: actor.clone(),
            notes: notes.into_iter().take(NOTES_MAX).collect(),
        };
        (self.people.into_values().take(PEOPLE_MAX).map(person).collect(), more)
    }
}
