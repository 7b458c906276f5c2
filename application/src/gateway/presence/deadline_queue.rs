//! Which board is due when.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_domain::BoardId;
use tokio::time::Instant;

/// Each board at most once.
#[derive(Default)]
pub(super) struct DeadlineQueue {
    moments: BTreeSet<(Instant, BoardId)>,
    boards: BTreeMap<BoardId, Instant>,
}

impl DeadlineQueue {
    /// From now on a board is due then, or not at all.
    pub fn set(&mut self, board: BoardId, due: Option<Instant>) {
        let before = match due {
            Some(moment) => self.boards.insert(board, moment),
            None => self.boards.remove(&board),
        };
        if let Some(before) = before {
            self.moments.remove(&(before, board));
        }
        self.moments.extend(due.map(|moment| (moment, board)));
    }

    /// When the next is due.
    pub fn next(&self) -> Option<Instant> {
        self.moments.first().map(|(moment, _)| *moment)
    }

    /// The boards that are due now.
    pub fn due(&self, now: Instant) -> Vec<BoardId> {
        self.moments.iter().take_while(|(moment, _)| *moment <= now).map(|(_, it)| *it).collect()
    }
}
