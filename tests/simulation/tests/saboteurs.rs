//! Each planted bug is found, and where there is none nothing is.

mod support;

use sockbit_simulation::{Trick, run};

use support::each_of;

/// Within so many seeds each bug must be found.
const SEEDS: u64 = 400;

/// Whether a run with this trick goes wrong.
fn is_caught(seed: u64, trick: Trick) -> bool {
    run(seed, trick).fault.is_some()
}

#[test]
fn every_planted_bug_is_found() {
    let tricks = Trick::ALL.len() as u64;
    each_of(tricks, |number| {
        let trick = Trick::ALL[usize::try_from(number).expect("a small number")];
        let found = (0..SEEDS).find(|seed| is_caught(*seed, trick));
        assert!(found.is_some(), "{trick:?} was not found within {SEEDS} seeds");
    });
}

#[test]
fn where_no_bug_is_planted_none_is_found() {
    each_of(SEEDS, |seed| {
        let fault = run(seed, Trick::None).fault;
        assert_eq!(fault, None, "seed {seed}");
    });
}
