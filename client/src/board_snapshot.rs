//! A whole board at one position.

use sockbit_domain::wire::BoardPage;
use sockbit_domain::{BoardId, Position};

/// A board to start from, such as the one that a page carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoardSnapshot {
    /// All notes, those in the trash too, and the position to join at.
    pub page: BoardPage,
    /// Later positions at which some of the notes were read.
    pub read_at: Vec<Position>,
}

impl BoardSnapshot {
    pub(crate) fn board(&self) -> BoardId {
        self.page.board
    }

    /// The pages of a pull with the same result.
    pub(crate) fn into_pages(self) -> Vec<BoardPage> {
        let Self { page, read_at } = self;
        let empty = BoardPage { notes: Vec::new(), ..page.clone() };
        let later = read_at.into_iter().map(|position| BoardPage { position, ..empty.clone() });
        [page].into_iter().chain(later).collect()
    }
}

impl From<BoardPage> for BoardSnapshot {
    fn from(page: BoardPage) -> Self {
        Self { page, read_at: Vec::new() }
    }
}
