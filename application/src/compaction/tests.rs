//! What compaction asks of a store, and what it does where that fails.

use std::sync::Mutex;

use mockall::predicate::{always, eq};
use sockbit_domain::{Change, Delta, Event, NoteId};

use super::*;
use crate::ports::MockStore;
use crate::testing::{FixedClock, NOW, board_id, event, position, renamed, uuid};

const AFTER: Duration = Duration::from_mins(1);
const HORIZON: Timestamp = Timestamp(NOW.0 - 60_000);

fn typed(seq: u64) -> (Event, Option<Delta>) {
    let change = Change::NoteEdited { note: NoteId(uuid(1)), delta: Delta::new().insert("a") };
    (event(1, seq, change), Some(Delta::new().delete(1)))
}

fn found(board: u64) -> CompactionCandidate {
    CompactionCandidate { since: Timestamp(0), board: board_id(board), settled: Seq(1) }
}

fn old(events: Vec<(Event, Option<Delta>)>, more: bool) -> CompactableEvents {
    CompactableEvents { events, more }
}

fn compaction(store: MockStore) -> Compaction {
    Compaction::new(Arc::new(store), Arc::new(FixedClock), AFTER)
}

/// A store with one board, whose log is told in these parts.
fn store_that_tells(parts: Vec<CompactableEvents>) -> (MockStore, Arc<Mutex<Vec<Squash>>>) {
    let mut store = MockStore::new();
    let squashed = Arc::new(Mutex::new(Vec::new()));
    store
        .expect_compaction_candidates()
        .returning(|_, after, _| Ok(if after.is_none() { vec![found(1)] } else { Vec::new() }));
    let (mut parts, taken) = (parts.into_iter(), Arc::clone(&squashed));
    store
        .expect_compactable_events()
        .with(eq(board_id(1)), always(), eq(HORIZON), always(), always())
        .returning(move |_, _, _, _, _| Ok(parts.next().expect("no more is asked for")));
    store.expect_squash().returning(move |squash| {
        taken.lock().expect("nobody panicked").push(squash.clone());
        Ok(CommitResult::Done)
    });
    (store, squashed)
}

async fn squashes(parts: Vec<CompactableEvents>) -> Vec<(Vec<u64>, u64, u64)> {
    let (store, squashed) = store_that_tells(parts);
    compaction(store).round().await.expect("the store answers");
    let squashed = squashed.lock().expect("nobody panicked");
    let told = |it: &Squash| {
        let runs = it.runs.iter().map(|run| run.replaced.len() as u64).collect();
        (runs, it.seen.0, it.settled.0)
    };
    squashed.iter().map(told).collect()
}

#[tokio::test(start_paused = true)]
async fn the_edits_at_the_end_are_looked_at_again_with_what_follows() {
    let mut again = vec![typed(4), typed(5)];
    again[0].0.from = Seq(2);
    let parts = vec![old(vec![typed(2), typed(3), typed(4)], true), old(again, false)];
    assert_eq!(squashes(parts).await, [(vec![3], 4, 1), (vec![2], 5, 1)]);
}

#[tokio::test(start_paused = true)]
async fn what_nothing_can_join_is_settled() {
    let parts = vec![old(vec![typed(2), typed(3), (renamed(1, 4), None)], false)];
    assert_eq!(squashes(parts).await, [(vec![2], 4, 4)]);
}

#[tokio::test(start_paused = true)]
async fn one_edit_that_leaves_no_room_beside_it_is_passed() {
    let parts = vec![old(vec![typed(2)], true), old(vec![typed(3)], false)];
    assert_eq!(squashes(parts).await, [(vec![], 2, 2), (vec![], 3, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_board_with_nothing_old_is_not_looked_at_again_until_something_is() {
    assert_eq!(squashes(vec![old(Vec::new(), false)]).await, [(vec![], 1, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_somebody_else_compacts_is_left_to_them() {
    let mut store = MockStore::new();
    store
        .expect_compaction_candidates()
        .returning(|_, after, _| Ok(if after.is_none() { vec![found(1)] } else { Vec::new() }));
    store
        .expect_compactable_events()
        .times(1)
        .returning(|_, _, _, _, _| Ok(old(vec![typed(2), typed(3)], true)));
    store.expect_squash().times(1).returning(|_| Ok(CommitResult::Conflict));
    assert_eq!(compaction(store).round().await, Ok(0));
}

fn unavailable<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("test".to_owned()))
}

/// A store with two boards, of which the first is told like this and the second can be compacted.
fn store_where_the_first_board(
    tell: impl Fn() -> Result<CompactableEvents, StoreError> + Send + 'static,
) -> MockStore {
    let mut store = MockStore::new();
    store.expect_compaction_candidates().returning(|_, after, _| {
        Ok(if after.is_none() { vec![found(1), found(2)] } else { Vec::new() })
    });
    store
        .expect_compactable_events()
        .with(eq(board_id(1)), always(), always(), always(), always())
        .returning(move |_, _, _, _, _| tell());
    store
        .expect_compactable_events()
        .with(eq(board_id(2)), always(), always(), always(), always())
        .returning(|_, _, _, _, _| Ok(old(vec![typed(2), typed(3)], false)));
    store.expect_check().returning(|| Ok(()));
    store.expect_squash().times(1).returning(|_| Ok(CommitResult::Done));
    store
}

#[tokio::test(start_paused = true)]
async fn a_board_that_cannot_be_read_holds_up_no_other() {
    let store = store_where_the_first_board(unavailable);
    assert_eq!(compaction(store).round().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_board_that_makes_compaction_panic_holds_up_no_other() {
    let store = store_where_the_first_board(|| panic!("a fault of ours"));
    assert_eq!(compaction(store).round().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_round_ends_where_the_store_is_away() {
    let mut store = MockStore::new();
    store.expect_compaction_candidates().times(1).returning(|_, _, _| Ok(vec![found(1), found(2)]));
    store.expect_compactable_events().times(1).returning(|_, _, _, _, _| unavailable());
    store.expect_check().returning(unavailable);
    assert_eq!(compaction(store).round().await, unavailable());
}

#[test]
fn a_run_is_known_by_its_places() {
    let squash = step(board_id(1), Seq(1), &old(vec![typed(2), typed(3)], false));
    let replaced: Vec<_> = squash.runs.into_iter().flat_map(|run| run.replaced).collect();
    assert_eq!(replaced, [position(2), position(3)]);
}
