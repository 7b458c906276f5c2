//! The board as the server has told it so far.

use std::collections::BTreeMap;

use sockbit_domain::wire::BoardPage;
use sockbit_domain::{Change, Event, Note, NoteId, Position, Role, Seq, Title};

/// Notes and frame at one position.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerBoard {
    pub title: Option<Title>,
    pub role: Option<Role>,
    /// `None` until the board was pulled whole.
    pub position: Option<Position>,
    /// Where the pages of the pull were read: later ones contain what happened since the first.
    pub pulled_at: Vec<Position>,
    /// Those that are not deleted for good.
    pub notes: BTreeMap<NoteId, Note>,
}

/// What an event is to a client at its position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Seen already, or of a board that was never pulled.
    Past,
    /// Follows what was seen.
    Next,
    /// Something before it, or a part of it, is missing.
    Gap,
}

/// An event is not of the history that was told before, or a part of it is in a note already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Misfit;

impl ServerBoard {
    /// Takes in all pages of a pull at once. Notes that are on none of them are gone.
    pub fn replace(&mut self, pages: Vec<BoardPage>) {
        self.position = pages.first().map(|page| page.position);
        self.pulled_at = pages.iter().map(|page| page.position).collect();
        self.notes.clear();
        for page in pages {
            self.title = Some(page.title);
            self.role = Some(page.role);
            self.notes.extend(page.notes.into_iter().map(|note| (note.id, note)));
        }
    }

    /// Whether an event belongs to another history than one of the pages.
    pub fn is_contradicted_by(&self, event: &Event) -> bool {
        self.pulled_at.iter().any(|page| page.seq == event.seq && page.event != event.id)
    }

    /// Whether one of the pages was read at a later position than the board's last.
    pub fn was_pulled_beyond(&self, head: Seq) -> bool {
        self.pulled_at.iter().any(|page| page.seq > head)
    }

    pub fn place(&self, event: &Event) -> Place {
        match self.position {
            Some(position) if event.seq <= position.seq => Place::Past,
            Some(position) if event.from == position.seq.next() => Place::Next,
            Some(_) => Place::Gap,
            None => Place::Past,
        }
    }

    /// Moves on by the next event. Whether it was news to the note that it names.
    pub fn apply(&mut self, event: &Event) -> Result<bool, Misfit> {
        let is_news = match event.change.note() {
            Some(note) => self.apply_to_note(note, event)?,
            None => false,
        };
        if let Change::BoardRenamed { title } = &event.change {
            self.title = Some(title.clone());
        }
        self.position = Some(event.position());
        Ok(is_news)
    }

    fn apply_to_note(&mut self, id: NoteId, event: &Event) -> Result<bool, Misfit> {
        let Some(note) = self.notes.get_mut(&id) else {
            let created = Note::created(event);
            let is_news = created.is_some();
            self.notes.extend(created.map(|note| (id, note)));
            return Ok(is_news);
        };
        let is_news = event.seq > note.seq;
        // The note was read between two edits that are one event by now.
        if is_news && event.from <= note.seq {
            return Err(Misfit);
        }
        note.apply(event).map_err(|_| Misfit)?;
        if is_news && matches!(event.change, Change::NoteDeleted { .. }) {
            self.notes.remove(&id);
        }
        Ok(is_news)
    }
}
