//! The model test: whatever happens on the way, everybody ends up with the same board, and nothing
//! is lost. `SOCKBIT_MODEL_CASES` sets how many schedules are run, `SOCKBIT_MODEL_SEED` runs one
//! alone and tells its story.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use sockbit_tests::model;

const CASES: u64 = 20_000;

#[test]
fn everybody_agrees_and_nothing_is_lost_whatever_happens_on_the_way() {
    if let Some(seed) = number("SOCKBIT_MODEL_SEED") {
        panic!("{}", model::diary(seed));
    }
    let cases = number("SOCKBIT_MODEL_CASES").unwrap_or(CASES);
    let next = AtomicU64::new(0);
    let events = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(seed) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|it| *it < cases)
                {
                    match model::run(seed) {
                        Ok(schedule) => events.fetch_add(schedule.events, Ordering::Relaxed),
                        Err(fault) => panic!("SOCKBIT_MODEL_SEED={seed}: {fault}"),
                    };
                }
            });
        }
    });
    assert!(events.into_inner() > cases * 5, "the schedules are not idle");
}

#[expect(clippy::disallowed_methods, reason = "the count of cases is configuration of this test")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
