//! What the core does when its ports fail, and in which order it uses them.

mod conflicts;
mod failures;
mod order;
mod panics;
mod queries;

use std::sync::Arc;

use sockbit_domain::{Limits, Outcome};

use super::{Core, CorePorts};
use crate::envelope::OutcomeEnvelope;
use crate::ports::{
    BoardChanges, CommitResult, Ids, LoadedBoard, MockAnnouncer, MockStore, StoreError,
};
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
    announcer.expect_send_outcomes().returning(|_| Ok(()));
    announcer
}

#[expect(clippy::unnecessary_wraps, reason = "it answers as the port does")]
fn all_done(changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
    Ok(vec![CommitResult::Done; changes.len()])
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("the disk is full".to_owned())
}

fn is_saved(answered: &OutcomeEnvelope) -> bool {
    matches!(answered.outcome, Some(Outcome::Saved { .. }))
}

/// The number of the event that a command made.
fn saved_at(answered: &OutcomeEnvelope) -> Option<u64> {
    match &answered.outcome {
        Some(Outcome::Saved { position }) => Some(position.seq.0),
        _ => None,
    }
}

/// The board as a repeat finds it: with what was written of it.
fn as_committed(changes: &BoardChanges) -> LoadedBoard {
    let mut board = board(number(changes.board), 10);
    board.head = changes.head;
    LoadedBoard { board: Some(board), outcomes: changes.outcomes.clone() }
}
