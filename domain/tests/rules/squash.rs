//! Squashing a log: fewer events with the same notes.

use proptest::prelude::*;
use sockbit_domain::{Change, Delta, Event, NoteId, Seq, Squashed, Text, Timestamp, squash};

use crate::fixture::{ADA, ADA_UNDER_ANOTHER_NAME, BEN, BoardFixture, Person, recolour};
use crate::random_commands::{RandomCommand, delta, fixture_with_notes, history};
use crate::replay_laws::replay;

type LogEntry = (Event, Option<Delta>);

const MINUTE: i64 = 60_000;

fn log(fixture: &BoardFixture) -> Vec<LogEntry> {
    fixture.facts.iter().map(|fact| (fact.event.clone(), fact.inverse.clone())).collect()
}

/// The log with each run in place of the events that it replaces.
fn with_runs(mut log: Vec<LogEntry>, squashed: Squashed) -> Vec<LogEntry> {
    for run in squashed.runs {
        let begin = log.iter().position(|(event, _)| event.position() == run.replaced[0]);
        let begin = begin.expect("a run replaces events of the log");
        log.splice(begin..begin + run.replaced.len(), [(run.event, Some(run.inverse))]);
    }
    log
}

fn squashed(log: Vec<LogEntry>) -> Vec<LogEntry> {
    let squashed = squash(&log);
    with_runs(log, squashed)
}

fn ranges(log: &[LogEntry]) -> Vec<(u64, u64)> {
    log.iter().map(|(event, _)| (event.from.0, event.seq.0)).collect()
}

/// The ranges of the squashed log after the creation of the first note.
fn ranges_of(fixture: &BoardFixture) -> Vec<(u64, u64)> {
    let created = fixture.facts.iter().position(|it| it.event.change.note().is_some());
    ranges(&squashed(log(fixture)))[created.map_or(0, |it| it + 1)..].to_vec()
}

fn type_text(fixture: &mut BoardFixture, who: Person, note: NoteId, words: &str) {
    let units = u32::try_from(fixture.text(note).encode_utf16().count()).expect("a short text");
    let delta = Delta::new().retain(units).insert(words);
    fixture.send(who, &fixture.edit_at_head(note, delta)).event();
}

#[test]
fn consecutive_edits_of_one_actor_become_one_event() {
    let (mut fixture, note) = BoardFixture::with_note("");
    for word in ["one ", "two ", "three"] {
        type_text(&mut fixture, ADA, note, word);
    }
    let last = fixture.facts.last().expect("a fact").event.clone();
    let (event, inverse) = squashed(log(&fixture)).pop().expect("a run");
    let change = Change::NoteEdited { note, delta: Delta::new().insert("one two three") };
    assert_eq!(event, Event { from: Seq(5), change, ..last });
    assert_eq!(inverse, Some(Delta::new().delete(13)));
}

#[test]
fn another_actor_another_note_and_any_other_change_end_a_run() {
    let (mut fixture, note) = BoardFixture::with_note("");
    let other = fixture.add_note("");
    for (who, note) in [(ADA, note), (ADA, note), (BEN, note), (BEN, other), (BEN, other)] {
        type_text(&mut fixture, who, note, "word");
    }
    fixture.send(BEN, &recolour(other, sockbit_domain::Colour::Blue)).event();
    type_text(&mut fixture, BEN, other, "word");
    type_text(&mut fixture, BEN, other, "word");
    assert_eq!(ranges_of(&fixture), [(5, 5), (6, 7), (8, 8), (9, 10), (11, 11), (12, 13)]);
}

#[test]
fn a_run_has_the_actor_of_its_last_edit() {
    let (mut fixture, note) = BoardFixture::with_note("");
    type_text(&mut fixture, ADA, note, "a");
    type_text(&mut fixture, ADA_UNDER_ANOTHER_NAME, note, "b");
    let (event, _) = squashed(log(&fixture)).pop().expect("a run");
    assert_eq!((event.from, event.actor), (Seq(5), ADA_UNDER_ANOTHER_NAME.actor()));
}

#[test]
fn a_long_pause_ends_a_run() {
    let (mut fixture, note) = BoardFixture::with_note("");
    for minutes in [0, 9, 19, 30, 31] {
        type_text(&mut fixture, ADA, note, "word");
        let fact = fixture.facts.last_mut().expect("a fact");
        fact.event.at = Timestamp(minutes * MINUTE);
    }
    assert_eq!(ranges_of(&fixture), [(5, 7), (8, 9)]);
}

#[test]
fn a_clock_that_is_set_back_does_not_end_a_run() {
    let (mut fixture, note) = BoardFixture::with_note("");
    for at in [i64::MAX, 0, i64::MIN] {
        type_text(&mut fixture, ADA, note, "word");
        fixture.facts.last_mut().expect("a fact").event.at = Timestamp(at);
    }
    assert_eq!(ranges_of(&fixture), [(5, 7)]);
}

#[test]
fn the_delta_of_a_run_is_bounded() {
    let (mut fixture, note) = BoardFixture::with_note("");
    (0..6).for_each(|_| type_text(&mut fixture, ADA, note, &"word ".repeat(1_000)));
    assert_eq!(ranges_of(&fixture), [(5, 7), (8, 10)]);
}

#[test]
fn the_inverse_of_a_run_is_bounded() {
    let (mut fixture, note) = BoardFixture::with_note(&"word ".repeat(6_000));
    for _ in 0..6 {
        fixture.send(ADA, &fixture.edit_at_head(note, Delta::new().delete(5_000))).event();
    }
    assert_eq!(ranges_of(&fixture), [(5, 7), (8, 10)]);
}

#[test]
fn edits_at_the_end_of_a_log_are_an_open_run() {
    let (mut fixture, note) = BoardFixture::with_note("");
    assert_eq!(squash(&log(&fixture)).open, None);
    (0..3).for_each(|_| type_text(&mut fixture, ADA, note, "a"));
    assert_eq!(squash(&log(&fixture)).open, Some(Seq(5)));
    type_text(&mut fixture, BEN, note, "b");
    assert_eq!(squash(&log(&fixture)).open, Some(Seq(8)));
    fixture.send(BEN, &recolour(note, sockbit_domain::Colour::Blue)).event();
    assert_eq!(squash(&log(&fixture)).open, None);
}

#[test]
fn a_run_recognises_exactly_the_events_that_it_replaces() {
    let (mut fixture, note) = BoardFixture::with_note("");
    (0..3).for_each(|_| type_text(&mut fixture, ADA, note, "a"));
    let all = log(&fixture);
    let run = squash(&all).runs.pop().expect("a run");
    let found: Vec<_> = all[4..].iter().map(|(it, _)| (it.from, it.position())).collect();
    assert!(run.is_made_of(&found));
    assert!(!run.is_made_of(&found[..2]));
    assert!(!run.is_made_of(&found[1..]));
    let mut longer = found.clone();
    longer[0].0 = Seq(4);
    assert!(!run.is_made_of(&longer));
    let mut other = found;
    other[1].1.event = other[0].1.event;
    assert!(!run.is_made_of(&other));
}

/// A history with several consecutive edits of one note by one actor.
fn typing_runs() -> impl Strategy<Value = Vec<RandomCommand>> {
    (history(), prop::collection::vec(1_usize..6, 20), prop::collection::vec(delta(), 100))
        .prop_map(|(history, lengths, deltas)| {
            let mut deltas = deltas.into_iter();
            let run = |(step, length): (RandomCommand, usize)| {
                let more: Vec<RandomCommand> = (1..length)
                    .filter_map(|_| deltas.next())
                    .map(|delta| step.continued_with(delta))
                    .collect();
                [step].into_iter().chain(more).collect::<Vec<_>>()
            };
            history.into_iter().zip(lengths).flat_map(run).collect()
        })
}

fn play(history: &[RandomCommand]) -> BoardFixture {
    let mut fixture = fixture_with_notes();
    for step in history {
        step.send(&mut fixture);
    }
    fixture
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn a_squashed_log_gives_the_same_notes(history in typing_runs()) {
        let fixture = play(&history);
        let squashed = squashed(log(&fixture));
        let notes = replay(squashed.iter().map(|(event, _)| event));
        prop_assert_eq!(&notes, &fixture.board().notes);
    }

    #[test]
    fn the_ranges_of_a_squashed_log_cover_every_number_once(history in typing_runs()) {
        let fixture = play(&history);
        let mut next = Seq(1);
        for (event, _) in squashed(log(&fixture)) {
            prop_assert_eq!(event.from, next);
            prop_assert!(event.seq >= event.from);
            next = event.seq.next();
        }
        prop_assert_eq!(next, fixture.head().seq.next());
    }

    #[test]
    fn the_inverse_of_a_run_restores_the_text_before_it(history in typing_runs()) {
        let fixture = play(&history);
        let before = |seq: Seq, note: NoteId| -> Text {
            let earlier = fixture.facts.iter().map(|it| &it.event).filter(|it| it.seq < seq);
            replay(earlier).remove(&note).map(|it| it.text).unwrap_or_default()
        };
        for run in squash(&log(&fixture)).runs {
            let note = run.event.change.note().expect("runs are about notes");
            let after = before(run.event.seq.next(), note);
            prop_assert_eq!(run.inverse.apply(&after), Ok(before(run.event.from, note)));
        }
    }

    /// Squashes random parts of the log, one after the other.
    #[test]
    fn squashing_again_and_in_parts_gives_the_same_notes(
        history in typing_runs(),
        parts in prop::collection::vec((0_usize..100, 0_usize..100), 0..8),
    ) {
        let fixture = play(&history);
        let mut all = log(&fixture);
        for (begin, length) in parts {
            let begin = begin.min(all.len());
            let part = all[begin..(begin + length).min(all.len())].to_vec();
            all = with_runs(all, squash(&part));
        }
        prop_assert_eq!(&squash(&squashed(all.clone())).runs, &[]);
        let notes = replay(all.iter().map(|(event, _)| event));
        prop_assert_eq!(&notes, &fixture.board().notes);
        let covered: u64 = all.iter().map(|(event, _)| event.seq.0 - event.from.0 + 1).sum();
        prop_assert_eq!(covered, fixture.head().seq.0);
    }
}

/// Ensures that the laws above are not vacuous.
#[test]
fn random_histories_have_runs() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut events, mut remaining) = (0, 0);
    for _ in 0..100 {
        let fixture = play(&typing_runs().new_tree(&mut runner).expect("a history").current());
        events += fixture.facts.len();
        remaining += squashed(log(&fixture)).len();
    }
    assert!(remaining * 4 < events * 3, "{remaining} of {events} remain");
}
