//! A writer and its notes. A note has at most one edit whose result is unknown, so each edit replaces
//! the text that the previous one left.

use std::collections::VecDeque;
use std::time::Instant;

use sockbit_domain::{BoardId, NoteId, Position};

/// The number of bytes of each note's text, all ASCII.
const TEXT_BYTES: usize = 100;

pub struct Writer {
    pub notes: Vec<WrittenNote>,
    /// Indexes of notes without an unfinished edit, the longest unused first.
    pub free: VecDeque<usize>,
    /// Edits that wait for a free note, by the time when they were due.
    pub waiting: VecDeque<Instant>,
}

pub struct WrittenNote {
    /// The index of its board.
    pub board_index: usize,
    pub board: BoardId,
    pub note: NoteId,
    /// The position after the note's last edit.
    pub base: Position,
}

impl Writer {
    pub fn new(notes: Vec<WrittenNote>) -> Self {
        Self { free: (0..notes.len()).collect(), notes, waiting: VecDeque::new() }
    }
}

/// The text of an edit, different for each.
pub fn text(edit: usize) -> String {
    format!("{edit:0TEXT_BYTES$}")
}

/// The text of a note before its first edit.
pub fn initial_text() -> String {
    text(0)
}
