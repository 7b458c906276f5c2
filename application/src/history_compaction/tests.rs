//! What compaction reads and writes, and what it does if the store fails.

use std::sync::Mutex;

use mockall::predicate::{always, eq};
use sockbit_domain::{Change, Delta, Event, NoteId};

use super::*;
use crate::ports::{MockCompactionStore, MockStoreHealth};
use crate::test_fixtures::{FixedClock, NOW, board_id, event, position, renamed, uuid};

const MIN_AGE: Duration = Duration::from_mins(1);
const HORIZON: Timestamp = Timestamp(NOW.0 - 60_000);

fn typed(seq: u64) -> (Event, Option<Delta>) {
    let change = Change::NoteEdited { note: NoteId(uuid(1)), delta: Delta::new().insert("a") };
    (event(1, seq, change), Some(Delta::new().delete(1)))
}

fn candidate(board: u64) -> CompactionCandidate {
    CompactionCandidate { since: Timestamp(0), board: board_id(board), settled: Seq(1) }
}

fn old(events: Vec<(Event, Option<Delta>)>, more: bool) -> CompactableEvents {
    CompactableEvents { events, more }
}

/// Compaction on a store whose health check has this result.
fn compaction_where(store: MockCompactionStore, health: Result<(), StoreError>) -> Compaction {
    let mut check = MockStoreHealth::new();
    check.expect_check().returning(move || health.clone());
    Compaction::new(Arc::new(store), Arc::new(check), Arc::new(FixedClock), MIN_AGE)
}

fn compaction(store: MockCompactionStore) -> Compaction {
    compaction_where(store, Ok(()))
}

/// A store with one board, whose old events come in these pages.
fn store_with(pages: Vec<CompactableEvents>) -> (MockCompactionStore, Arc<Mutex<Vec<Squash>>>) {
    let mut store = MockCompactionStore::new();
    let squashed = Arc::new(Mutex::new(Vec::new()));
    store
        .expect_compaction_candidates()
        .returning(|_, after, _| Ok(if after.is_none() { vec![candidate(1)] } else { Vec::new() }));
    let (mut pages, recorded) = (pages.into_iter(), Arc::clone(&squashed));
    store
        .expect_compactable_events()
        .with(eq(board_id(1)), always(), eq(HORIZON), always(), always())
        .returning(move |_, _, _, _, _| Ok(pages.next().expect("no further page is requested")));
    store.expect_squash().returning(move |squash| {
        recorded.lock().expect("the lock is not poisoned").push(squash.clone());
        Ok(CommitResult::Done)
    });
    (store, squashed)
}

/// For each squash the lengths of its runs, `seen` and `settled`.
async fn squashes(pages: Vec<CompactableEvents>) -> Vec<(Vec<u64>, u64, u64)> {
    let (store, squashed) = store_with(pages);
    compaction(store).round().await.expect("the store does not fail");
    let squashed = squashed.lock().expect("the lock is not poisoned");
    let summary = |it: &Squash| {
        let runs = it.runs.iter().map(|run| run.replaced.len() as u64).collect();
        (runs, it.seen.0, it.settled.0)
    };
    squashed.iter().map(summary).collect()
}

#[tokio::test(start_paused = true)]
async fn the_edits_at_the_end_of_a_page_are_read_again_with_what_follows() {
    let mut again = vec![typed(4), typed(5)];
    again[0].0.from = Seq(2);
    let pages = vec![old(vec![typed(2), typed(3), typed(4)], true), old(again, false)];
    assert_eq!(squashes(pages).await, [(vec![3], 4, 1), (vec![2], 5, 1)]);
}

#[tokio::test(start_paused = true)]
async fn events_that_no_run_can_extend_are_settled() {
    let pages = vec![old(vec![typed(2), typed(3), (renamed(1, 4), None)], false)];
    assert_eq!(squashes(pages).await, [(vec![2], 4, 4)]);
}

#[tokio::test(start_paused = true)]
async fn a_single_edit_that_fills_a_page_is_skipped() {
    let pages = vec![old(vec![typed(2)], true), old(vec![typed(3)], false)];
    assert_eq!(squashes(pages).await, [(vec![], 2, 2), (vec![], 3, 2)]);
}

#[tokio::test(start_paused = true)]
async fn a_board_without_old_events_is_read_once() {
    assert_eq!(squashes(vec![old(Vec::new(), false)]).await, [(vec![], 1, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_another_worker_compacts_is_left_alone() {
    let mut store = MockCompactionStore::new();
    store
        .expect_compaction_candidates()
        .returning(|_, after, _| Ok(if after.is_none() { vec![candidate(1)] } else { Vec::new() }));
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

/// A store with two boards: reading the first has this result, and the second can be compacted.
fn store_where_the_first_board(
    read: impl Fn() -> Result<CompactableEvents, StoreError> + Send + 'static,
) -> MockCompactionStore {
    let mut store = MockCompactionStore::new();
    store.expect_compaction_candidates().returning(|_, after, _| {
        Ok(if after.is_none() { vec![candidate(1), candidate(2)] } else { Vec::new() })
    });
    store
        .expect_compactable_events()
        .with(eq(board_id(1)), always(), always(), always(), always())
        .returning(move |_, _, _, _, _| read());
    store
        .expect_compactable_events()
        .with(eq(board_id(2)), always(), always(), always(), always())
        .returning(|_, _, _, _, _| Ok(old(vec![typed(2), typed(3)], false)));
    store.expect_squash().times(1).returning(|_| Ok(CommitResult::Done));
    store
}

#[tokio::test(start_paused = true)]
async fn a_board_that_cannot_be_read_does_not_block_others() {
    let store = store_where_the_first_board(unavailable);
    assert_eq!(compaction(store).round().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_board_on_which_compaction_panics_does_not_block_others() {
    let store = store_where_the_first_board(|| panic!("a bug"));
    assert_eq!(compaction(store).round().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_round_ends_if_the_store_is_unavailable() {
    let mut store = MockCompactionStore::new();
    store
        .expect_compaction_candidates()
        .times(1)
        .returning(|_, _, _| Ok(vec![candidate(1), candidate(2)]));
    store.expect_compactable_events().times(1).returning(|_, _, _, _, _| unavailable());
    assert_eq!(compaction_where(store, unavailable()).round().await, unavailable());
}

#[test]
fn a_squash_names_the_positions_that_its_runs_replace() {
    let squash = squash_events(board_id(1), Seq(1), &old(vec![typed(2), typed(3)], false));
    let replaced: Vec<_> = squash.runs.into_iter().flat_map(|run| run.replaced).collect();
    assert_eq!(replaced, [position(2), position(3)]);
}
