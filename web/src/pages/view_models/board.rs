//! A board's header and the composer for a new note.

use sockbit_domain::{BoardId, Colour, Limits, Position, Title};

#[derive(Clone, Debug)]
pub(crate) struct BoardView {
    pub id: String,
    pub title: String,
    pub position_seq: u64,
    pub position_event: String,
    pub full: bool,
    pub title_bytes_max: usize,
    pub note_bytes_max: usize,
}

impl BoardView {
    pub fn new(id: BoardId, title: &Title, position: Position, limits: &Limits) -> Self {
        Self {
            id: id.to_string(),
            title: title.to_string(),
            position_seq: position.seq.0,
            position_event: position.event.to_string(),
            full: false,
            title_bytes_max: limits.title_bytes_max,
            note_bytes_max: limits.note_bytes_max,
        }
    }
}

/// The form for a new note, with a rejected text if there is one.
#[derive(Clone, Debug)]
pub(crate) struct ComposerView {
    pub text: String,
    pub colour: String,
    pub problem: Option<String>,
}

impl Default for ComposerView {
    fn default() -> Self {
        Self { text: String::new(), colour: Colour::default().as_str().to_owned(), problem: None }
    }
}
