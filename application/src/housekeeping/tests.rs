//! What housekeeping calls on a store, and when.

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::*;
use crate::ports::{MockCompactionStore, MockOutcomeRetention, MockStoreHealth};
use crate::test_fixtures::{CountingIds, FixedClock, NOW};

const MIN_AGE: Duration = Duration::from_mins(1);
/// Longer than a few rounds take.
const DEADLINE: Duration = Duration::from_hours(1);
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn housekeeping(
    outcomes: MockOutcomeRetention,
    compacted: Option<MockCompactionStore>,
) -> Housekeeping {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock);
    let compaction = |store| {
        let health = Arc::new(MockStoreHealth::new());
        Compaction::new(Arc::new(store), health, Arc::clone(&clock), MIN_AGE)
    };
    let compaction = compacted.map(compaction);
    Housekeeping::new(Arc::new(outcomes), compaction, clock, &CountingIds::default())
}

fn unavailable<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("test".to_owned()))
}

/// Counts calls, and lets a test wait for a number of them.
#[derive(Clone)]
struct Calls(Arc<Semaphore>);

impl Calls {
    fn none() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    fn count(&self) {
        self.0.add_permits(1);
    }

    async fn wait_for(&self, number: u32) {
        self.0.acquire_many(number).await.expect("the semaphore stays open").forget();
    }
}

/// Runs until the calls are counted, and returns how long that took.
async fn run_until(housekeeping: Housekeeping, calls: &Calls, number: u32) -> Duration {
    let started = Instant::now();
    tokio::select! {
        _ = timeout(DEADLINE, housekeeping.run()) => panic!("there were fewer calls"),
        () = calls.wait_for(number) => started.elapsed(),
    }
}

#[tokio::test]
async fn outcomes_are_kept_for_ninety_days() {
    let mut store = MockOutcomeRetention::new();
    store
        .expect_delete_outcomes_before()
        .withf(|before, _| before.0 == NOW.0 - 90 * DAY_MS)
        .times(1)
        .returning(|_, _| Ok(0));
    assert_eq!(housekeeping(store, None).delete_old_outcomes().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn old_outcomes_are_deleted_until_none_is_left() {
    let mut store = MockOutcomeRetention::new();
    let mut left = [u64::from(OUTCOMES_MAX), u64::from(OUTCOMES_MAX), 7].into_iter();
    let delete = move |_, _| Ok(left.next().expect("nothing is left"));
    store.expect_delete_outcomes_before().times(3).returning(delete);
    assert_eq!(housekeeping(store, None).delete_old_outcomes().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn history_is_compacted_however_many_outcomes_are_left() {
    let (mut outcomes, mut store) = (MockOutcomeRetention::new(), MockCompactionStore::new());
    let compacted = Calls::none();
    let counted = compacted.clone();
    outcomes.expect_delete_outcomes_before().returning(|_, max| Ok(max.into()));
    store.expect_compaction_candidates().returning(move |_, _, _| {
        counted.count();
        Ok(Vec::new())
    });
    run_until(housekeeping(outcomes, Some(store)), &compacted, 2).await;
}

#[tokio::test(start_paused = true)]
async fn outcomes_are_deleted_if_history_is_never_compacted() {
    let mut store = MockOutcomeRetention::new();
    let deleted = Calls::none();
    let counted = deleted.clone();
    store.expect_delete_outcomes_before().returning(move |_, _| {
        counted.count();
        Ok(0)
    });
    run_until(housekeeping(store, None), &deleted, 2).await;
}

#[tokio::test(start_paused = true)]
async fn rounds_continue_after_one_that_failed() {
    let (mut outcomes, mut store) = (MockOutcomeRetention::new(), MockCompactionStore::new());
    let (deleted, compacted) = (Calls::none(), Calls::none());
    let counted = (deleted.clone(), compacted.clone());
    outcomes.expect_delete_outcomes_before().returning(move |_, _| {
        counted.0.count();
        unavailable()
    });
    store.expect_compaction_candidates().returning(move |_, _, _| {
        counted.1.count();
        unavailable()
    });
    let elapsed = run_until(housekeeping(outcomes, Some(store)), &compacted, 2).await;
    assert!((MIN_AGE..=MIN_AGE * 2).contains(&elapsed), "{elapsed:?}");
    assert_eq!(deleted.0.available_permits(), 2);
}
