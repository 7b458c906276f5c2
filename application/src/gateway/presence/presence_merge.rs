//! Merges presence from several sources: each person once, in all of their notes.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_domain::wire::PersonPresence;
use sockbit_domain::{Actor, ActorId, NoteId};

/// People that are listed; further ones are only counted.
pub(super) const PEOPLE_MAX: usize = 100;
/// Notes that are listed for one person.
const NOTES_MAX: usize = 10;

/// Collects people, and merges the entries of one person.
#[derive(Default)]
pub(super) struct PresenceMerge<'a> {
    people: BTreeMap<ActorId, (&'a Actor, BTreeSet<NoteId>)>,
    unlisted: u32,
}

impl<'a> PresenceMerge<'a> {
    pub fn add(&mut self, actor: &'a Actor, notes: impl IntoIterator<Item = NoteId>) {
        let (_, merged) = self.people.entry(actor.id).or_insert((actor, BTreeSet::new()));
        merged.extend(notes);
    }

    /// Adds people of whom only the number is known.
    pub fn add_unlisted(&mut self, count: u32) {
        self.unlisted = self.unlisted.saturating_add(count);
    }

    /// The people to list, by id, and the number of the others.
    pub fn finish(self) -> (Vec<PersonPresence>, u32) {
        let over = u32::try_from(self.people.len().saturating_sub(PEOPLE_MAX));
        let unlisted = self.unlisted.saturating_add(over.unwrap_or(u32::MAX));
        let person = |(actor, notes): (&Actor, BTreeSet<NoteId>)| PersonPresence {
            actor: actor.clone(),
            notes: notes.into_iter().take(NOTES_MAX).collect(),
        };
        (self.people.into_values().take(PEOPLE_MAX).map(person).collect(), unlisted)
    }
}
