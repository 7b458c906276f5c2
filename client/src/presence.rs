//! Presence at the board: the user's own and that of other users. Nothing of it is stored.

use sockbit_domain::NoteId;
use sockbit_domain::wire::PersonPresence;

/// What is true now. Nothing of it is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presence {
    /// Where the person is; nobody is told before the page says so.
    pub here: Option<Here>,
    pub people: Vec<PersonPresence>,
    pub more: u32,
}

/// At the board, and perhaps in a note.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Here {
    pub note: Option<NoteId>,
}
