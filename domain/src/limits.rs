//! The limits that the domain holds a board to.

/// How large the parts of a board may grow. Lengths of texts are bytes of UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// One note's text.
    pub note_bytes_max: usize,
    /// Notes on a board, those in the trash included.
    pub notes_max: u32,
    /// The texts of all notes of a board together.
    pub board_bytes_max: u64,
    /// A board's title.
    pub title_bytes_max: usize,
    /// Links that let people into one board.
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
