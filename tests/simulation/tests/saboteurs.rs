//! Each planted bug is found by the promise that it breaks, and where there is none nothing is.

mod support;

use sockbit_simulation::{Trick, run};

use support::each_of;

/// Within so many seeds each bug must be found.
const SEEDS: u64 = 1_000;

/// What is said of a run in which the trick shows.
fn broken_by(trick: Trick) -> &'static str {
    match trick {
        Trick::None => unreachable!("nothing is broken"),
        Trick::ForgetsOutcomes => "had more than one effect",
        Trick::NumbersByItself => "is not as it was committed",
        Trick::WritesOutcomesApart | Trick::SetsWholeBatchesAside | Trick::CompactsOutcomesAway => {
            "was told to be"
        }
        Trick::WritesHalf | Trick::CompactsAnEditAway => {
            "the log replays to something else than what is stored"
        }
        Trick::AnnouncesBeforeCommit => "was seen and never committed",
        Trick::AnswersOnce => "no rest",
        Trick::AnswersTheOneBefore => "was told what became of",
        Trick::AcknowledgesAtOnce => "is acknowledged and not answered",
        Trick::ForgetsRedelivered => "came again and is decided with",
        Trick::MergesTheOtherWayRound | Trick::MergesOverItsPredecessor => {
            "merged an edit into something else"
        }
        Trick::ResumesFromAnything => "notes are stored",
        Trick::SkipsTheFirstOfAPage | Trick::DropsEventsWhileFilling => "and got",
        Trick::HearsOfNobody => "not everybody sees who is here",
        Trick::NeverComparesHeads => "the last event is missed for good",
        Trick::ClearsTheOutboxOnSending | Trick::KeepsNoTyping => "was lost",
        Trick::ResendsUnderFreshIds => "is there 2 times",
        Trick::AppliesStaleEvents => "is stored, but",
    }
}

#[test]
fn every_planted_bug_is_found() {
    let tricks = Trick::ALL.len() as u64;
    each_of(tricks, |number| {
        let trick = Trick::ALL[usize::try_from(number).expect("a small number")];
        let words = broken_by(trick);
        let shows = |seed: &u64| run(*seed, trick).fault.is_some_and(|it| it.contains(words));
        assert!((0..SEEDS).any(|seed| shows(&seed)), "{trick:?} was not found in {SEEDS} seeds");
    });
}

#[test]
fn where_no_bug_is_planted_none_is_found() {
    each_of(SEEDS, |seed| {
        let fault = run(seed, Trick::None).fault;
        assert_eq!(fault, None, "seed {seed}");
    });
}
