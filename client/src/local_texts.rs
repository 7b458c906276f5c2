//! The texts with local changes.

use std::collections::BTreeMap;

use sockbit_domain::{Delta, DeltaError, NoteId, Text};

use crate::note_text::NoteText;

/// By note. A text is removed as soon as the server has all of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalTexts {
    texts: BTreeMap<NoteId, NoteText>,
    merge_mismatches: u64,
}

/// An event about a note's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextEvent<'a> {
    pub delta: &'a Delta,
    /// The server's text after it.
    pub server: &'a Text,
    /// It is the event of the open command.
    pub is_own: bool,
    /// The server's text did not contain it before.
    pub is_new: bool,
    /// One event for several, which may contain the edit in flight under another id.
    pub is_squashed: bool,
}

impl LocalTexts {
    pub fn get(&self, note: NoteId) -> Option<&NoteText> {
        self.texts.get(&note)
    }

    pub fn has(&self, note: NoteId) -> bool {
        self.texts.contains_key(&note)
    }

    pub fn iter(&self) -> impl Iterator<Item = (NoteId, &NoteText)> {
        self.texts.iter().map(|(note, text)| (*note, text))
    }

    pub fn note_ids(&self) -> impl Iterator<Item = NoteId> {
        self.texts.keys().copied()
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn merge_mismatches(&self) -> u64 {
        self.merge_mismatches
    }

    pub fn insert(&mut self, note: NoteId, text: NoteText) {
        self.texts.insert(note, text);
    }

    pub fn remove(&mut self, note: NoteId) {
        self.texts.remove(&note);
    }

    /// The text of a note, which is `shown` if it had no local changes.
    pub fn get_or_insert(&mut self, note: NoteId, shown: Text) -> &mut NoteText {
        self.texts.entry(note).or_insert_with(|| NoteText::new(shown))
    }

    /// The user changed the shown text.
    pub fn edit(&mut self, note: NoteId, shown: Text, delta: &Delta) -> Result<(), DeltaError> {
        let edited = self.get_or_insert(note, shown).edit(delta);
        self.remove_if_clean(note);
        edited
    }

    /// Puts the pending change of a note in flight, if there is one.
    pub fn freeze(&mut self, note: NoteId) -> Option<Delta> {
        let text = self.texts.get_mut(&note)?;
        (!text.pending().is_empty()).then(|| text.freeze())
    }

    /// Returns the change of the shown text.
    pub fn event(&mut self, note: NoteId, event: TextEvent<'_>) -> Delta {
        let TextEvent { delta, server, is_own, is_new, is_squashed } = event;
        if !is_own && !is_new {
            return Delta::new();
        }
        let Some(text) = self.texts.get_mut(&note) else {
            return if is_new { delta.clone() } else { Delta::new() };
        };
        if is_squashed {
            text.detach();
        }
        let shown = match (is_own, is_new) {
            (true, true) => {
                self.merge_mismatches += u64::from(!text.agrees(delta));
                text.own_event(delta, server)
            }
            (true, false) => text.acknowledged(server),
            (false, _) => text.remote_event(delta, server),
        };
        self.remove_if_clean(note);
        shown
    }

    /// Changes the text of a note that has local changes. Returns the change of the shown text.
    pub fn update(
        &mut self,
        note: NoteId,
        change: impl FnOnce(&mut NoteText) -> Delta,
    ) -> Option<Delta> {
        let shown = change(self.texts.get_mut(&note)?);
        self.remove_if_clean(note);
        Some(shown)
    }

    fn remove_if_clean(&mut self, note: NoteId) {
        if self.get(note).is_some_and(NoteText::is_clean) {
            self.texts.remove(&note);
        }
    }
}
