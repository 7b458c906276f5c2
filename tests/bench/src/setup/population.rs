//! How many boards and clients a load has.

/// The boards and clients of a load.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    pub boards: usize,
    /// They take turns on the boards.
    pub writers: usize,
    pub notes_per_writer: usize,
    /// They take turns on the boards.
    pub readers: usize,
    /// Whether readers know the position up to which they have received events, to resume there.
    pub readers_resume: bool,
    /// Whether writers join a board each. Otherwise they share all boards and only send.
    pub writers_join: bool,
}

impl Default for Population {
    fn default() -> Self {
        Self {
            boards: 1,
            writers: 1,
            // More than any scenario has in flight.
            notes_per_writer: 16,
            readers: 0,
            readers_resume: false,
            writers_join: true,
        }
    }
}
