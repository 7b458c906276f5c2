//! The board as the server has sent it so far.

use std::collections::BTreeMap;

use sockbit_domain::wire::BoardPage;
use sockbit_domain::{BoardId, Change, Event, Note, NoteId, Position, Role, Seq, Text, Title};

/// Title, role and notes at one position.
#[derive(Clone, Debug)]
pub(crate) struct ServerBoard {
    id: BoardId,
    title: Option<Title>,
    role: Option<Role>,
    /// `None` until the whole board is loaded.
    position: Option<Position>,
    /// The positions at which the loaded pages were read: later pages contain later events.
    read_at: Vec<Position>,
    /// Without those that were permanently deleted.
    notes: BTreeMap<NoteId, Note>,
}

/// What became of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Applied {
    /// The board had it already, or is not loaded.
    Past,
    /// An earlier event is missing, or a part of this one.
    Gap,
    /// It follows the position, which is its own now. `is_new`: the note did not contain it.
    Next { is_new: bool },
}

/// The event does not fit what the server sent before, so the board has to be pulled again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Contradiction;

impl ServerBoard {
    pub fn new(id: BoardId) -> Self {
        Self {
            id,
            title: None,
            role: None,
            position: None,
            read_at: Vec::new(),
            notes: BTreeMap::new(),
        }
    }

    pub fn id(&self) -> BoardId {
        self.id
    }

    /// Empty until it is known.
    pub fn title(&self) -> &str {
        self.title.as_ref().map_or("", |title| title.as_str())
    }

    pub fn role(&self) -> Option<Role> {
        self.role
    }

    pub fn set_role(&mut self, role: Role) {
        self.role = Some(role);
    }

    pub fn position(&self) -> Option<Position> {
        self.position
    }

    pub fn head(&self) -> Option<Seq> {
        self.position.map(|position| position.seq)
    }

    pub fn note(&self, note: NoteId) -> Option<&Note> {
        self.notes.get(&note)
    }

    pub fn has(&self, note: NoteId) -> bool {
        self.notes.contains_key(&note)
    }

    pub fn text(&self, note: NoteId) -> Option<&Text> {
        self.notes.get(&note).map(|note| &note.text)
    }

    pub fn note_ids(&self) -> impl Iterator<Item = NoteId> {
        self.notes.keys().copied()
    }

    /// Loads all pages of a pull at once. Notes that are on none of them are gone.
    pub fn replace(&mut self, pages: Vec<BoardPage>) {
        self.position = pages.first().map(|page| page.position);
        self.read_at = pages.iter().map(|page| page.position).collect();
        self.notes.clear();
        for page in pages {
            self.title = Some(page.title);
            self.role = Some(page.role);
            self.notes.extend(page.notes.into_iter().map(|note| (note.id, note)));
        }
    }

    /// Whether later events can continue from here: the board is loaded, and none of its pages was
    /// read beyond the server's head, as pages of another history may be.
    pub fn can_resume(&self, head: Seq) -> bool {
        self.position.is_some() && self.read_at.iter().all(|page| page.seq <= head)
    }

    /// Applies the next event. After a contradiction there is no position to resume from.
    pub fn apply(&mut self, event: &Event) -> Result<Applied, Contradiction> {
        let Some(position) = self.position else { return Ok(Applied::Past) };
        if event.seq <= position.seq {
            return Ok(Applied::Past);
        }
        if event.from != position.seq.next() {
            return Ok(Applied::Gap);
        }
        let applied = self.apply_next(event);
        self.position = applied.is_ok().then(|| event.position());
        applied.map(|is_new| Applied::Next { is_new })
    }

    /// Whether the event changed its note.
    fn apply_next(&mut self, event: &Event) -> Result<bool, Contradiction> {
        let is_of = |page: &Position| page.seq != event.seq || page.event == event.id;
        if !self.read_at.iter().all(is_of) {
            return Err(Contradiction);
        }
        if let Change::BoardRenamed { title } = &event.change {
            self.title = Some(title.clone());
        }
        event.change.note().map_or(Ok(false), |note| self.apply_to_note(note, event))
    }

    fn apply_to_note(&mut self, id: NoteId, event: &Event) -> Result<bool, Contradiction> {
        let Some(note) = self.notes.get_mut(&id) else {
            let created = Note::created(event);
            let is_new = created.is_some();
            self.notes.extend(created.map(|note| (id, note)));
            return Ok(is_new);
        };
        let is_new = event.seq > note.seq;
        // The note was read between two edits that were squashed into one event since.
        if is_new && event.from <= note.seq {
            return Err(Contradiction);
        }
        note.apply(event).map_err(|_| Contradiction)?;
        if is_new && matches!(event.change, Change::NoteDeleted { .. }) {
            self.notes.remove(&id);
        }
        Ok(is_new)
    }
}
