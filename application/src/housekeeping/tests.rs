//! What housekeeping asks of a store, and when.

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::*;
use crate::ports::MockStore;
use crate::testing::{CountingIds, FixedClock, NOW};

const AFTER: Duration = Duration::from_mins(1);
/// More than a few rounds take.
const IN_TIME: Duration = Duration::from_hours(1);
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn housekeeping(store: MockStore, compact_after: Option<Duration>) -> Housekeeping {
    let ids = CountingIds::default();
    Housekeeping::new(Arc::new(store), Arc::new(FixedClock), &ids, compact_after)
}

fn unavailable<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("test".to_owned()))
}

/// Counts calls that can be waited for.
#[derive(Clone)]
struct Calls(Arc<Semaphore>);

impl Calls {
    fn none() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    fn count(&self) {
        self.0.add_permits(1);
    }

    async fn are(&self, number: u32) {
        self.0.acquire_many(number).await.expect("it stays open").forget();
    }
}

/// Runs until a store was called so often, and answers how long that took.
async fn run_until(housekeeping: Housekeeping, calls: &Calls, number: u32) -> Duration {
    let begun = Instant::now();
    tokio::select! {
        _ = timeout(IN_TIME, housekeeping.run()) => panic!("it was not called so often"),
        () = calls.are(number) => begun.elapsed(),
    }
}

#[tokio::test]
async fn outcomes_are_kept_for_ninety_days() {
    let mut store = MockStore::new();
    store
        .expect_delete_outcomes_before()
        .withf(|before, _| before.0 == NOW.0 - 90 * DAY_MS)
        .times(1)
        .returning(|_, _| Ok(0));
    assert_eq!(housekeeping(store, None).delete_outcomes_before().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_forgotten_until_none_is_left() {
    let mut store = MockStore::new();
    let mut left = [u64::from(OUTCOMES_MAX), u64::from(OUTCOMES_MAX), 7].into_iter();
    let forget = move |_, _| Ok(left.next().expect("nothing is left"));
    store.expect_delete_outcomes_before().times(3).returning(forget);
    assert_eq!(housekeeping(store, None).delete_outcomes_before().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn history_has_its_turn_however_many_outcomes_are_left() {
    let mut store = MockStore::new();
    let compacted = Calls::none();
    let counted = compacted.clone();
    store.expect_delete_outcomes_before().returning(|_, max| Ok(max.into()));
    store.expect_compaction_candidates().returning(move |_, _, _| {
        counted.count();
        Ok(Vec::new())
    });
    run_until(housekeeping(store, Some(AFTER)), &compacted, 2).await;
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_forgotten_where_history_never_is_compacted() {
    let mut store = MockStore::new();
    let forgotten = Calls::none();
    let counted = forgotten.clone();
    store.expect_delete_outcomes_before().returning(move |_, _| {
        counted.count();
        Ok(0)
    });
    run_until(housekeeping(store, None), &forgotten, 2).await;
}

#[tokio::test(start_paused = true)]
async fn rounds_go_on_after_one_that_failed() {
    let mut store = MockStore::new();
    let (forgotten, compacted) = (Calls::none(), Calls::none());
    let counted = (forgotten.clone(), compacted.clone());
    store.expect_delete_outcomes_before().returning(move |_, _| {
        counted.0.count();
        unavailable()
    });
    store.expect_compaction_candidates().returning(move |_, _, _| {
        counted.1.count();
        unavailable()
    });
    let elapsed = run_until(housekeeping(store, Some(AFTER)), &compacted, 2).await;
    assert!((AFTER..=AFTER * 2).contains(&elapsed), "{elapsed:?}");
    assert_eq!(forgotten.0.available_permits(), 2);
}
