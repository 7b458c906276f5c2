//! The changes that the view has to show, in order.

use std::collections::BTreeSet;

use serde::Serialize;
use sockbit_domain::{Delta, NoteId, Role};

use crate::drafts::Draft;
use crate::reason::Reason;
use crate::subscription::JoinState;
use crate::view_model::ViewModel;

/// One change of what the view shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ViewChange {
    /// A shown text changed, other than by `edit`.
    Text {
        /// The id of the note.
        note: NoteId,
        /// The change.
        delta: Delta,
    },
    /// The colour, rank, state or save status of a note changed.
    Note {
        /// The id of the note.
        note: NoteId,
    },
    /// There is another note; read its text.
    Added {
        /// The id of the note.
        note: NoteId,
    },
    /// A note is gone.
    Removed {
        /// The id of the note.
        note: NoteId,
    },
    /// The title, the role or the join state changed.
    Board,
    /// The presence of other users changed.
    People,
    /// A command was not carried out.
    Notice {
        /// The code of the reason.
        code: String,
        /// What was wrong.
        detail: String,
        /// The note that the command named.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<NoteId>,
    },
    /// There is another draft.
    Draft {
        /// The draft.
        draft: Draft,
    },
    /// Everything may have changed.
    Reset,
}

/// Collects the changes until the view takes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ViewChanges {
    queue: Vec<ViewChange>,
    touched: Vec<NoteId>,
    /// The notes that a view has after all changes.
    visible: BTreeSet<NoteId>,
    /// The title, role and join state that it has after all changes.
    board: (String, Option<Role>, JoinState),
}

impl ViewChanges {
    pub fn take(&mut self) -> Vec<ViewChange> {
        std::mem::take(&mut self.queue)
    }

    /// A note may look different.
    pub fn touch(&mut self, note: impl Into<Option<NoteId>>) {
        let note = note.into().filter(|note| !self.touched.contains(note));
        self.touched.extend(note);
    }

    /// A view reads the whole text of an added note, which contains earlier changes.
    pub fn text(&mut self, note: NoteId, delta: impl Into<Option<Delta>>) {
        let is_read = self.visible.contains(&note) && !self.is_read_later(note);
        let delta = delta.into().filter(|delta| is_read && !delta.is_empty());
        self.queue.extend(delta.map(|delta| ViewChange::Text { note, delta }));
    }

    pub fn people(&mut self) {
        self.push_once(ViewChange::People);
    }

    pub fn notice(&mut self, reason: &Reason, note: Option<NoteId>) {
        let Reason { code, detail } = reason.clone();
        self.queue.push(ViewChange::Notice { code, detail, note });
    }

    pub fn draft(&mut self, draft: Draft) {
        self.queue.push(ViewChange::Draft { draft });
    }

    pub fn reset(&mut self) {
        let is_kept = |change: &ViewChange| {
            use ViewChange::{Board, Draft, Notice, People};
            matches!(change, Board | People | Notice { .. } | Draft { .. })
        };
        self.queue.retain(is_kept);
        self.queue.push(ViewChange::Reset);
    }

    /// Ends an input: turns the touched notes into changes.
    pub fn settle(&mut self, view: ViewModel<'_>, join_state: JoinState) {
        let board = (view.title().to_owned(), view.server.role(), join_state);
        if std::mem::replace(&mut self.board, board) != self.board {
            self.push_once(ViewChange::Board);
        }
        let touched = std::mem::take(&mut self.touched);
        if self.is_reset() {
            self.visible = view.notes().into_iter().map(|note| note.id).collect();
            return;
        }
        for note in touched {
            match (self.visible.contains(&note), view.note(note).is_some()) {
                (false, true) => self.added(note),
                (true, false) => self.removed(note),
                (true, true) => self.changed(note),
                (false, false) => {}
            }
        }
    }

    fn added(&mut self, note: NoteId) {
        self.visible.insert(note);
        self.queue.push(ViewChange::Added { note });
    }

    fn removed(&mut self, note: NoteId) {
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

    fn changed(&mut self, note: NoteId) {
        if !self.is_read_later(note) {
            self.push_once(ViewChange::Note { note });
        }
    }

    fn push_once(&mut self, change: ViewChange) {
        if !self.queue.contains(&change) {
            self.queue.push(change);
        }
    }

    fn is_reset(&self) -> bool {
        self.queue.contains(&ViewChange::Reset)
    }

    fn is_read_later(&self, note: NoteId) -> bool {
        self.queue.contains(&ViewChange::Added { note }) || self.is_reset()
    }
}
