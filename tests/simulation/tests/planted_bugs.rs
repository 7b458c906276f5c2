//! Each planted bug is found by the invariant that it breaks, and without a bug none is found.

mod support;

use std::sync::Mutex;

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
        | PlantedBug::CompactionDropsOutcomes
        | PlantedBug::DeletesOutcomesTooEarly => "has the outcome",
        PlantedBug::WritesOnlyFirstNote
        | PlantedBug::LoadsOutdatedNotes
        | PlantedBug::CompactionDropsFirstEdit => "the replayed log differs from the stored notes",
        PlantedBug::AnnouncesBeforeCommit | PlantedBug::ReportsFailedCommitsAsDone => {
            "was sent and never committed"
        }
        PlantedBug::NeverRepeatsOutcomes | PlantedBug::MeasuresPausesByWallClock => "not settled",
        PlantedBug::SendsOutcomesToPreviousSender => ", which it did not send",
        PlantedBug::AcknowledgesOnTake | PlantedBug::ConfirmsFailedPublishes => {
            "is acknowledged before its outcome was sent"
        }
        PlantedBug::OvertakesEarlierBatches => "overtook an earlier one",
        PlantedBug::HidesRedeliveries => "was redelivered and is decided with",
        PlantedBug::TransformsWithWrongPriority | PlantedBug::SendsPreviousBase => {
            "merged its own edit differently than the server"
        }
        PlantedBug::ResumesFromAnyPosition
        | PlantedBug::PullsOnlyFirstPage
        | PlantedBug::RendersNotesOfEarlierPage => "notes are stored",
        PlantedBug::SkipsFirstEventOfPage | PlantedBug::DropsEventsDuringGapFill => "and got",
        PlantedBug::IgnoresRemotePresence => "a client does not see who is present",
        PlantedBug::NeverComparesHeads => "the loss of the last event is not noticed",
        PlantedBug::ClearsOutboxOnSend | PlantedBug::NeverStoresTyping => "was lost",
        PlantedBug::ResendsUnderNewIds => "with a token twice",
        PlantedBug::AppliesStaleEvents => "is stored, but",
        PlantedBug::SendsCommandsOfFormerIdentity => "was submitted under another identity",
        PlantedBug::ResendsExpiredCommands => "is sent again after 61 days",
        PlantedBug::OmitsTextChanges => "instead of",
        PlantedBug::RepeatsAddedNotes => "a note was added that is shown already",
        PlantedBug::EmptiesPulledNotes => "which was not deleted",
        PlantedBug::IgnoresLimits => "exceed Limits",
    }
}

#[test]
fn every_planted_bug_is_found() {
    let missed = Mutex::new(Vec::new());
    run_seeds(PlantedBug::ALL.len() as u64, |number| {
        let bug = PlantedBug::ALL[usize::try_from(number).expect("the number of bugs is small")];
        let expected = fault_caused_by(bug);
        let is_found = |seed: &u64| run(*seed, bug).fault.is_some_and(|it| it.contains(expected));
        if !(0..SEEDS).any(|seed| is_found(&seed)) {
            missed.lock().expect("no thread panicked").push(bug);
        }
    });
    let missed = missed.into_inner().expect("no thread panicked");
    assert!(missed.is_empty(), "not found in {SEEDS} seeds: {missed:?}");
}

#[test]
fn without_a_planted_bug_none_is_found() {
    run_seeds(SEEDS, |seed| {
        let fault = run(seed, PlantedBug::None).fault;
        assert_eq!(fault, None, "seed {seed}");
    });
}
