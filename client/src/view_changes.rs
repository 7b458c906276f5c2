//! What a view has to show anew, in order, until it takes it.

use std::collections::BTreeSet;

use serde::Serialize;
use sockbit_domain::{Delta, NoteId};

use crate::draft::Draft;

/// One thing that looks different now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ViewChange {
    /// The shown text changed, and not by this person's typing.
    Text {
        /// Whose text.
        note: NoteId,
        /// By what.
        delta: Delta,
    },
    /// Colour, place, state or save status.
    Note {
        /// Of which note.
        note: NoteId,
    },
    /// A note is there now; read its text.
    Added {
        /// Which note.
        note: NoteId,
    },
    /// A note is there no longer.
    Removed {
        /// Which note.
        note: NoteId,
    },
    /// The title, the role, or whether the board is joined.
    Board,
    /// Who is here, or in which notes.
    People,
    /// A wish was not granted.
    Notice {
        /// What programs decide on.
        code: String,
        /// What was wrong, named.
        detail: String,
        /// The note that the wish was about.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<NoteId>,
    },
    /// Words were set aside.
    Draft {
        /// Which.
        draft: Draft,
    },
    /// Everything may be different.
    Reset,
}

/// Collects what changes during a call, and what a view that has seen all changes knows of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    queue: Vec<ViewChange>,
    touched: Vec<NoteId>,
    visible: BTreeSet<NoteId>,
}

impl Changes {
    pub fn take(&mut self) -> Vec<ViewChange> {
        std::mem::take(&mut self.queue)
    }

    pub fn touch(&mut self, note: NoteId) {
        if !self.touched.contains(&note) {
            self.touched.push(note);
        }
    }

    /// A view reads the whole text of a note that is new to it, so it needs no change of that.
    pub fn text(&mut self, note: NoteId, delta: Delta) {
        if !delta.is_empty() && self.visible.contains(&note) && !self.is_read_anew(note) {
            self.queue.push(ViewChange::Text { note, delta });
        }
    }

    pub fn board(&mut self) {
        if !self.queue.contains(&ViewChange::Board) {
            self.queue.push(ViewChange::Board);
        }
    }

    pub fn people(&mut self) {
        if !self.queue.contains(&ViewChange::People) {
            self.queue.push(ViewChange::People);
        }
    }

    pub fn notice(&mut self, code: String, detail: String, note: Option<NoteId>) {
        self.queue.push(ViewChange::Notice { code, detail, note });
    }

    pub fn draft(&mut self, draft: Draft) {
        self.queue.push(ViewChange::Draft { draft });
    }

    pub fn reset(&mut self) {
        self.queue.retain(|change| {
            matches!(
                change,
                ViewChange::Board
                    | ViewChange::People
                    | ViewChange::Notice { .. }
                    | ViewChange::Draft { .. }
            )
        });
        self.queue.push(ViewChange::Reset);
    }

    pub fn is_reset(&self) -> bool {
        self.queue.contains(&ViewChange::Reset)
    }

    /// After a reset a view knows of exactly these notes.
    pub fn show_only(&mut self, notes: BTreeSet<NoteId>) {
        self.visible = notes;
        self.touched.clear();
    }

    /// Turns the notes that a call touched into changes, given which of them are there now.
    pub fn settle(&mut self, is_visible: impl Fn(NoteId) -> bool) {
        for note in std::mem::take(&mut self.touched) {
            match (self.visible.contains(&note), is_visible(note)) {
                (false, true) => self.add(note),
                (true, false) => self.remove(note),
                (true, true) => self.refresh(note),
                (false, false) => {}
            }
        }
    }

    fn add(&mut self, note: NoteId) {
        self.visible.insert(note);
        self.queue.push(ViewChange::Added { note });
    }

    fn remove(&mut self, note: NoteId) {
        self.visible.remove(&note);
        let is_unseen = self.queue.contains(&ViewChange::Added { note });
        self.queue.retain(|change| match change {
            ViewChange::Text { note: it, .. }
            | ViewChange::Note { note: it }
            | ViewChange::Added { note: it } => *it != note,
            _ => true,
        });
        if !is_unseen {
            self.queue.push(ViewChange::Removed { note });
        }
    }

    fn refresh(&mut self, note: NoteId) {
        if !self.is_read_anew(note) && !self.queue.contains(&ViewChange::Note { note }) {
            self.queue.push(ViewChange::Note { note });
        }
    }

    fn is_read_anew(&self, note: NoteId) -> bool {
        self.queue.contains(&ViewChange::Added { note }) || self.is_reset()
    }
}
