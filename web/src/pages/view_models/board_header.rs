//! The header of a board: its title, position and limits.

use sockbit_domain::{BoardId, Limits, Position, Title};

#[derive(Clone, Debug)]
pub(crate) struct BoardHeaderView {
    pub id: String,
    pub title: String,
    pub position_seq: u64,
    pub position_event: String,
    pub full: bool,
    pub title_bytes_max: usize,
    pub note_bytes_max: usize,
}

impl BoardHeaderView {
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
