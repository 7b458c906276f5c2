//! Shared by the tests of runs.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// Runs the seeds below this number on all cores, until one panics.
pub fn run_seeds(count: u64, play: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let has_ended = AtomicBool::new(false);
    let play_next = || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let is_last = number >= count || has_ended.load(Ordering::Relaxed);
        (!is_last).then(|| catch_unwind(AssertUnwindSafe(|| play(number))))
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(played) = play_next() {
                    if let Err(panic) = played {
                        has_ended.store(true, Ordering::Relaxed);
                        resume_unwind(panic);
                    }
                }
            });
        }
    });
}

/// A number from the environment.
#[allow(dead_code, reason = "not every test reads one")]
#[expect(clippy::disallowed_methods, reason = "the choice of seeds is configuration of tests")]
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
