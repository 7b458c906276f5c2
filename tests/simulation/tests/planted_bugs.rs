//! Each planted bug is found by the promise that it breaks, and where there is none nothing is.

mod support;

use sockbit_simulation::{PlantedBug, run};

use support::run_seeds;

/// Within so many seeds each bug must be found.
const SEEDS: u64 = 1_000;

/// What is said of a run in which the trick shows.
fn broken_by(bug: PlantedBug) -> &'static str {
    match bug {
        PlantedBug::None => unreachable!("nothing is broken"),
        PlantedBug::ForgetsOutcomes => "had more than one effect",
        PlantedBug::RenumbersStaleCommits => "is not as it was committed",
        PlantedBug::CommitsOutcomesSeparately
        | PlantedBug::RejectsWholeBatches
        | PlantedBug::CompactionDropsOutcomes => "was told to be",
        PlantedBug::WritesOnlyFirstNote | PlantedBug::CompactionDropsFirstEdit => {
            "the log replays to something else than what is stored"
        }
        PlantedBug::AnnouncesBeforeCommit => "was seen and never committed",
        PlantedBug::NeverRepeatsOutcomes => "no rest",
        PlantedBug::SendsOutcomesToPreviousSender => "was told what became of",
        PlantedBug::AcknowledgesOnTake => "is acknowledged and not answered",
        PlantedBug::HidesRedeliveries => "came again and is decided with",
        PlantedBug::TransformsWithWrongPriority | PlantedBug::SendsPreviousBase => {
            "merged an edit into something else"
        }
        PlantedBug::ResumesFromAnyPosition => "notes are stored",
        PlantedBug::SkipsFirstEventOfPage | PlantedBug::DropsEventsDuringGapFill => "and got",
        PlantedBug::IgnoresRemotePresence => "not everybody sees who is here",
        PlantedBug::NeverComparesHeads => "the last event is missed for good",
        PlantedBug::ClearsOutboxOnSend | PlantedBug::NeverStoresTyping => "was lost",
        PlantedBug::ResendsUnderNewIds => "is there 2 times",
        PlantedBug::AppliesStaleEvents => "is stored, but",
    }
}

#[test]
fn every_planted_bug_is_found() {
    let tricks = PlantedBug::ALL.len() as u64;
    run_seeds(tricks, |number| {
        let bug = PlantedBug::ALL[usize::try_from(number).expect("a small number")];
        let tokens_typed = broken_by(bug);
        let shows = |seed: &u64| run(*seed, bug).fault.is_some_and(|it| it.contains(tokens_typed));
        assert!((0..SEEDS).any(|seed| shows(&seed)), "{bug:?} was not found in {SEEDS} seeds");
    });
}

#[test]
fn where_no_bug_is_planted_none_is_found() {
    run_seeds(SEEDS, |seed| {
        let fault = run(seed, PlantedBug::None).fault;
        assert_eq!(fault, None, "seed {seed}");
    });
}
