//! What the core does if its ports fail, and in which order it calls them.

mod conflicts;
mod failures;
mod panics;
mod port_call_order;
mod query_batches;
mod query_failures;

use std::sync::{Arc, Mutex};

use sockbit_domain::{BoardId, Limits, Outcome, RejectionCode};

use super::{Core, CorePorts};
use crate::bus_messages::OutcomeEnvelope;
use crate::ports::{
    BoardChanges, CommitResult, Ids, LoadedBoard, MockAnnouncer, MockDecisionStore, MockReadStore,
    MockStoreHealth, StoreError, ready_confirm,
};
use crate::test_fixtures::{CountingIds, FixedClock, board, found};

fn core(decisions: MockDecisionStore, announcer: MockAnnouncer) -> Core {
    core_with(decisions, MockReadStore::new(), announcer, CountingIds::default())
}

fn core_with(
    decisions: MockDecisionStore,
    reads: MockReadStore,
    announcer: MockAnnouncer,
    ids: impl Ids + 'static,
) -> Core {
    let ports = CorePorts {
        decisions: Arc::new(decisions),
        reads: Arc::new(reads),
        health: Arc::new(MockStoreHealth::new()),
        announcer: Arc::new(announcer),
        clock: Arc::new(FixedClock),
        ids: Arc::new(ids),
    };
    Core::new(ports, Limits::default())
}

/// A store that has every board with ten events.
fn store_with_boards() -> MockDecisionStore {
    let mut store = MockDecisionStore::new();
    store.expect_load().returning(|requests| {
        Ok(requests.iter().map(|it| found(board(number(it.board), 10))).collect())
    });
    store
}

fn number(board: BoardId) -> u64 {
    board.0.as_u64_pair().1
}

/// An announcer that accepts everything.
fn accepting_announcer() -> MockAnnouncer {
    let mut announcer = MockAnnouncer::new();
    announcer.expect_publish().returning(|_, _| ready_confirm(Ok(())));
    announcer
}

type SentOutcomes = Arc<Mutex<Vec<OutcomeEnvelope>>>;

/// Records the outcomes that are sent; it expects one call.
fn record_outcomes(announcer: &mut MockAnnouncer) -> SentOutcomes {
    let sent = SentOutcomes::default();
    let recorded = Arc::clone(&sent);
    announcer.expect_publish().times(1).returning(move |_, outcomes| {
        recorded.lock().expect("the lock is not poisoned").extend(outcomes);
        ready_confirm(Ok(()))
    });
    sent
}

#[expect(clippy::unnecessary_wraps, reason = "it has the signature of the port")]
fn all_done(changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
    Ok(vec![CommitResult::Done; changes.len()])
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("the disk is full".to_owned())
}

fn is_saved(envelope: &OutcomeEnvelope) -> bool {
    matches!(envelope.outcome, Some(Outcome::Saved { .. }))
}

/// The number of the event that a command made.
fn saved_at(envelope: &OutcomeEnvelope) -> Option<u64> {
    match &envelope.outcome {
        Some(Outcome::Saved { position }) => Some(position.seq.0),
        _ => None,
    }
}

fn rejection_code(envelope: &OutcomeEnvelope) -> Option<RejectionCode> {
    match &envelope.outcome {
        Some(Outcome::Rejected(rejection)) => Some(rejection.code),
        _ => None,
    }
}

/// The board as a repeated command finds it after these changes.
fn as_committed(changes: &BoardChanges) -> LoadedBoard {
    let mut board = board(number(changes.board), 10);
    board.head = changes.head;
    LoadedBoard { board: Some(board), outcomes: changes.outcomes.clone() }
}
