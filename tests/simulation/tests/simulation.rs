//! Runs many seeds. `SOCKBIT_SIMULATION_SEEDS` sets how many; `SOCKBIT_SIMULATION_SEED` runs one
//! and prints its trace.

mod support;

use std::sync::Mutex;

use sockbit_simulation::{Counts, PlantedBug, log, run};

use support::{number, run_seeds};

const SEEDS: u64 = 10_000;

#[test]
fn all_clients_agree_and_nothing_is_lost_in_spite_of_faults() {
    if let Some(seed) = number("SOCKBIT_SIMULATION_SEED") {
        let ended = log(seed, PlantedBug::None);
        panic!("{}\n{:?}\n{:?}", ended.log.join("\n"), ended.counts, ended.fault);
    }
    let seeds = number("SOCKBIT_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let all = Mutex::new(Counts::default());
    run_seeds(seeds, |seed| {
        let ended = run(seed, PlantedBug::None);
        if let Some(fault) = ended.fault {
            panic!("SOCKBIT_SIMULATION_SEED={seed}: {fault}");
        }
        all.lock().expect("no thread panicked").add(&ended.counts);
    });
    let all = all.into_inner().expect("no thread panicked");
    assert_has_happened(&all, seeds);
}

/// The runs are not idle, and everything that can happen does.
fn assert_has_happened(all: &Counts, seeds: u64) {
    assert!(all.events > seeds * 5, "{all:?}");
    // A few seeds need not reach everything.
    if seeds < SEEDS {
        return;
    }
    for (name, count) in all.named() {
        assert!(count > 100, "too few {name}: {all:?}");
    }
}
