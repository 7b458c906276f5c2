//! The seed alone decides a run.

mod support;

use sockbit_simulation::{PlantedBug, run};

use support::run_seeds;

const SEEDS: u64 = 400;

#[test]
fn the_same_seed_gives_the_same_run_to_the_last_frame() {
    run_seeds(SEEDS, |seed| {
        let (first, second) = (run(seed, PlantedBug::None), run(seed, PlantedBug::None));
        assert_eq!(first.digest, second.digest, "seed {seed}");
    });
}

#[test]
fn different_seeds_give_different_runs() {
    assert_ne!(run(1, PlantedBug::None).digest, run(2, PlantedBug::None).digest);
}
