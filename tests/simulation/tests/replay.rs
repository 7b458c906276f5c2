//! A seed decides everything: whoever plays it again sees the same.

mod support;

use sockbit_simulation::{Trick, run};

use support::each_of;

const SEEDS: u64 = 400;

#[test]
fn the_same_seed_is_the_same_run_to_the_last_frame() {
    each_of(SEEDS, |seed| {
        let (first, second) = (run(seed, Trick::None), run(seed, Trick::None));
        assert_eq!(first.digest, second.digest, "seed {seed}");
    });
}

#[test]
fn another_seed_is_another_run() {
    assert_ne!(run(1, Trick::None).digest, run(2, Trick::None).digest);
}
