//! The size limits of a board.

/// The size limits of a board. Lengths of texts are UTF-8 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The text of one note.
    pub note_bytes_max: usize,
    /// The notes of a board, trashed ones included.
    pub notes_max: u32,
    /// The total of all texts of a board.
    pub board_bytes_max: u64,
    /// A board's title.
    pub title_bytes_max: usize,
    /// The links of a board.
    pub links_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            note_bytes_max: 64 * 1024,
            notes_max: 1_000,
            board_bytes_max: 8 * 1024 * 1024,
            title_bytes_max: 200,
            links_max: 100,
        }
    }
}
