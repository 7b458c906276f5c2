//! Who takes part in a load: boards with their notes, writers and readers.

use sockbit_domain::{BoardId, NoteId, Position};

use super::client_state::Client;

/// Everything that exists before a load starts.
#[derive(Clone, Default, Debug)]
pub struct Plan {
    pub boards: Vec<PlannedBoard>,
    pub writers: Vec<PlannedWriter>,
    pub readers: Vec<PlannedReader>,
    /// The cookie of a member of all boards.
    pub owner: Option<String>,
}

/// A board at the start of a load.
#[derive(Clone, Copy, Debug)]
pub struct PlannedBoard {
    pub id: BoardId,
    pub head: Position,
}

/// A client with notes of its own, which no other client edits.
#[derive(Clone, Debug)]
pub struct PlannedWriter {
    pub client: Client,
    /// The notes, with the indexes of their boards.
    pub notes: Vec<(usize, NoteId)>,
}

/// A client that only receives events.
#[derive(Clone, Debug)]
pub struct PlannedReader {
    pub client: Client,
    /// The index of its board.
    pub board: usize,
}
