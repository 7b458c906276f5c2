//! A queue of boards by deadline.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_domain::BoardId;
use tokio::time::Instant;

/// At most one deadline for each board.
#[derive(Default)]
pub(super) struct DeadlineQueue {
    by_deadline: BTreeSet<(Instant, BoardId)>,
    by_board: BTreeMap<BoardId, Instant>,
}

impl DeadlineQueue {
    /// Replaces the deadline of a board; `None` removes it.
    pub fn set(&mut self, board: BoardId, deadline: Option<Instant>) {
        let replaced = match deadline {
            Some(deadline) => self.by_board.insert(board, deadline),
            None => self.by_board.remove(&board),
        };
        if let Some(replaced) = replaced {
            self.by_deadline.remove(&(replaced, board));
        }
        self.by_deadline.extend(deadline.map(|deadline| (deadline, board)));
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.by_deadline.first().map(|(deadline, _)| *deadline)
    }

    /// The boards whose deadline has passed.
    pub fn due(&self, now: Instant) -> Vec<BoardId> {
        let due = self.by_deadline.iter().take_while(|(deadline, _)| *deadline <= now);
        due.map(|(_, board)| *board).collect()
    }
}
