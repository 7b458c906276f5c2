//! Each planted bug is found by the invariant that it breaks, and without a bug none is found.

mod support;

use sockbit_simulation::{PlantedBug, run};

use support::run_seeds;

/// Each bug must be found within so many seeds.
const SEEDS: u64 = 1_000;

/// Part of the fault that a bug causes.
fn fault_caused_by(bug: PlantedBug) -> &'static str {
    match bug {
        PlantedBug::None => unreachable!("no bug is planted"),
        PlantedBug::ForgetsOutcomes => "has more than one event",
        PlantedBug::RenumbersStaleCommits => "differs from its commit",
        PlantedBug::CommitsOutcomesSeparately
        | PlantedBug::RejectsWholeBatches
        | PlantedBug::CompactionDropsOutcomes => "has the outcome",
        PlantedBug::WritesOnlyFirstNote | PlantedBug::CompactionDropsFirstEdit => {
            "the replayed log differs from the stored notes"
        }
        PlantedBug::AnnouncesBeforeCommit => "was sent and never committed",
        PlantedBug::NeverRepeatsOutcomes => "not settled",
        PlantedBug::SendsOutcomesToPreviousSender => ", which it did not send",
        PlantedBug::AcknowledgesOnTake => "is acknowledged before its outcome was sent",
        PlantedBug::HidesRedeliveries => "was redelivered and is decided with",
        PlantedBug::TransformsWithWrongPriority | PlantedBug::SendsPreviousBase => {
            "merged its own edit differently than the server"
        }
        PlantedBug::ResumesFromAnyPosition => "notes are stored",
        PlantedBug::SkipsFirstEventOfPage | PlantedBug::DropsEventsDuringGapFill => "and got",
        PlantedBug::IgnoresRemotePresence => "a client does not see who is present",
        PlantedBug::NeverComparesHeads => "the loss of the last event is not noticed",
        PlantedBug::ClearsOutboxOnSend | PlantedBug::NeverStoresTyping => "was lost",
        PlantedBug::ResendsUnderNewIds => "occurs 2 times",
        PlantedBug::AppliesStaleEvents => "is stored, but",
    }
}

#[test]
fn every_planted_bug_is_found() {
    let tricks = PlantedBug::ALL.len() as u64;
    run_seeds(tricks, |number| {
        let bug = PlantedBug::ALL[usize::try_from(number).expect("the number of bugs is small")];
        let typed_tokens = fault_caused_by(bug);
        let check_client =
            |seed: &u64| run(*seed, bug).fault.is_some_and(|it| it.contains(typed_tokens));
        assert!(
            (0..SEEDS).any(|seed| check_client(&seed)),
            "{bug:?} was not found in {SEEDS} seeds"
        );
    });
}

#[test]
fn without_a_planted_bug_none_is_found() {
    run_seeds(SEEDS, |seed| {
        let fault = run(seed, PlantedBug::None).fault;
        assert_eq!(fault, None, "seed {seed}");
    });
}
