//! What the core does when its ports fail, and in which order it uses them.

mod conflicts;
mod failures;
mod order;
mod panics;
mod questions;

use std::sync::Arc;

use sockbit_domain::{Limits, Outcome};

use super::{Core, CorePorts};
use crate::envelope::Answered;
use crate::ports::{BoardChanges, BoardLoaded, Commit, Ids, MockAnnouncer, MockStore, StoreError};
use crate::testing::{CountingIds, FixedClock, board, found};

fn core(store: MockStore, announcer: MockAnnouncer) -> Core {
    core_with(store, announcer, CountingIds::default())
}

fn core_with(store: MockStore, announcer: MockAnnouncer, ids: impl Ids + 'static) -> Core {
    let ports = CorePorts {
        store: Arc::new(store),
        announcer: Arc::new(announcer),
        clock: Arc::new(FixedClock),
        ids: Arc::new(ids),
    };
    Core::new(ports, Limits::default())
}

/// Finds each board with its first ten events.
fn store_with_boards() -> MockStore {
    let mut store = MockStore::new();
    store.expect_load().returning(|wanted| {
        Ok(wanted.iter().map(|it| found(board(number(it.board), 10))).collect())
    });
    store
}

fn number(board: sockbit_domain::BoardId) -> u64 {
    board.0.as_u64_pair().1
}

/// Takes whatever is announced and answered.
fn patient_announcer() -> MockAnnouncer {
    let mut announcer = MockAnnouncer::new();
    announcer.expect_announce().returning(|_| Ok(()));
    announcer.expect_answer().returning(|_| Ok(()));
    announcer
}

#[expect(clippy::unnecessary_wraps, reason = "it answers as the port does")]
fn all_done(changes: &[BoardChanges]) -> Result<Vec<Commit>, StoreError> {
    Ok(vec![Commit::Done; changes.len()])
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("the disk is full".to_owned())
}

fn is_saved(answered: &Answered) -> bool {
    matches!(answered.outcome, Some(Outcome::Saved { .. }))
}

/// The number of the event that a command made.
fn saved_at(answered: &Answered) -> Option<u64> {
    match &answered.outcome {
        Some(Outcome::Saved { position }) => Some(position.seq.0),
        _ => None,
    }
}

/// The board as a repeat finds it: with what was written of it.
fn as_committed(changes: &BoardChanges) -> BoardLoaded {
    let mut board = board(number(changes.board), 10);
    board.head = changes.head;
    BoardLoaded { board: Some(board), outcomes: changes.outcomes.clone() }
}
