//! The state transition: applies a decided fact to a board.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::{
    Board, Change, DeltaError, Event, Fact, Link, Note, NoteId, NoteState, PastEdit, Role,
};

impl Board {
    /// The board that an event creates, or `None` where the event creates none.
    #[must_use]
    pub fn created(event: &Event) -> Option<Self> {
        let Change::BoardCreated { title } = &event.change else { return None };
        Some(Self {
            id: event.board,
            title: title.clone(),
            head: event.position(),
            note_count: 0,
            text_bytes: 0,
            links: Vec::new(),
            members: BTreeMap::from([(event.actor.id, Role::Owner)]),
            notes: BTreeMap::new(),
            edits: BTreeMap::new(),
            left_out: BTreeMap::new(),
            bases: BTreeMap::new(),
        })
    }

    /// Applies a fact that was decided on this state of the board.
    ///
    /// Fails only if an edit does not fit the note's text; then the board is unchanged.
    pub fn apply(&mut self, fact: &Fact) -> Result<(), DeltaError> {
        let event = &fact.event;
        match &event.change {
            Change::BoardCreated { .. } => {}
            Change::BoardRenamed { title } => self.title = title.clone(),
            Change::LinkAdded { link, role } => {
                self.links.extend(fact.key.map(|hash| Link { id: *link, role: *role, hash }));
            }
            Change::MemberJoined { role } => {
                self.members.insert(event.actor.id, *role);
            }
            Change::NoteCreated { note, .. } => self.put_note(*note, Note::created(event)),
            Change::NoteEdited { note, .. }
            | Change::NoteMoved { note, .. }
            | Change::NoteRecoloured { note, .. }
            | Change::NoteTrashed { note }
            | Change::NoteRestored { note }
            | Change::NoteDeleted { note } => self.change_note(*note, fact)?,
        }
        self.bases.insert(event.seq, event.id);
        self.head = event.position();
        Ok(())
    }

    fn put_note(&mut self, id: NoteId, note: Option<Note>) {
        if let Some(note) = note {
            self.count(&note);
            self.notes.insert(id, note);
        }
    }

    fn change_note(&mut self, id: NoteId, fact: &Fact) -> Result<(), DeltaError> {
        let Some(mut note) = self.notes.get(&id).cloned() else { return Ok(()) };
        let bytes_before = note.text.len_bytes() as u64;
        note.apply(&fact.event)?;
        self.text_bytes = self.text_bytes.saturating_sub(bytes_before);
        self.note_count = self.note_count.saturating_sub(1);
        self.count(&note);
        self.notes.insert(id, note);
        self.remember_edit(id, fact);
        Ok(())
    }

    fn count(&mut self, note: &Note) {
        if note.state != NoteState::Deleted {
            self.note_count = self.note_count.saturating_add(1);
            self.text_bytes = self.text_bytes.saturating_add(note.text.len_bytes() as u64);
        }
    }

    fn remember_edit(&mut self, id: NoteId, fact: &Fact) {
        let Change::NoteEdited { delta, .. } = &fact.event.change else { return };
        let Some(inverse) = &fact.inverse else { return };
        self.edits.entry(id).or_default().push(PastEdit {
            seq: fact.event.seq,
            delta: delta.clone(),
            inverse: inverse.clone(),
        });
    }
}
