//! Squashing a log: fewer events, and everything that they say stays true.

use proptest::prelude::*;
use sockbit_domain::{Change, Delta, Event, NoteId, Seq, Squashed, Text, Timestamp, squash};

use crate::random::{Sending, delta, scene_with_notes, sendings};
use crate::replay::replay;
use crate::support::{ADA, ADA_UNDER_ANOTHER_NAME, BEN, Person, Scene, recolour};

type Logged = (Event, Option<Delta>);

const MINUTE: i64 = 60_000;

fn log(scene: &Scene) -> Vec<Logged> {
    scene.facts.iter().map(|fact| (fact.event.clone(), fact.inverse.clone())).collect()
}

/// The log with its runs in the place of what they were made of.
fn with_runs(mut log: Vec<Logged>, squashed: Squashed) -> Vec<Logged> {
    for run in squashed.runs {
        let begin = log.iter().position(|(event, _)| event.position() == run.replaced[0]);
        let begin = begin.expect("a run is made of what is there");
        log.splice(begin..begin + run.replaced.len(), [(run.event, Some(run.inverse))]);
    }
    log
}

fn squashed(log: Vec<Logged>) -> Vec<Logged> {
    let squashed = squash(&log);
    with_runs(log, squashed)
}

fn ranges(log: &[Logged]) -> Vec<(u64, u64)> {
    log.iter().map(|(event, _)| (event.from.0, event.seq.0)).collect()
}

/// What is left of the events after the note was created.
fn ranges_of(scene: &Scene) -> Vec<(u64, u64)> {
    let created = scene.facts.iter().position(|it| it.event.change.note().is_some());
    ranges(&squashed(log(scene)))[created.map_or(0, |it| it + 1)..].to_vec()
}

fn typed(scene: &mut Scene, who: Person, note: NoteId, words: &str) {
    let units = u32::try_from(scene.text(note).encode_utf16().count()).expect("a short text");
    let delta = Delta::new().retain(units).insert(words);
    scene.send(who, &scene.edit_at_head(note, delta)).event();
}

#[test]
fn what_one_person_types_in_one_go_becomes_one_event() {
    let (mut scene, note) = Scene::with_note("");
    for word in ["one ", "two ", "three"] {
        typed(&mut scene, ADA, note, word);
    }
    let last = scene.facts.last().expect("it happened").event.clone();
    let (event, inverse) = squashed(log(&scene)).pop().expect("there is one");
    let change = Change::NoteEdited { note, delta: Delta::new().insert("one two three") };
    assert_eq!(event, Event { from: Seq(5), change, ..last });
    assert_eq!(inverse, Some(Delta::new().delete(13)));
}

#[test]
fn somebody_else_another_note_and_any_other_change_end_a_run() {
    let (mut scene, note) = Scene::with_note("");
    let other = scene.add_note("");
    for (who, note) in [(ADA, note), (ADA, note), (BEN, note), (BEN, other), (BEN, other)] {
        typed(&mut scene, who, note, "word");
    }
    scene.send(BEN, &recolour(other, sockbit_domain::Colour::Blue)).event();
    typed(&mut scene, BEN, other, "word");
    typed(&mut scene, BEN, other, "word");
    assert_eq!(ranges_of(&scene), [(5, 5), (6, 7), (8, 8), (9, 10), (11, 11), (12, 13)]);
}

#[test]
fn a_run_is_by_whoever_its_last_edit_is_by() {
    let (mut scene, note) = Scene::with_note("");
    typed(&mut scene, ADA, note, "a");
    typed(&mut scene, ADA_UNDER_ANOTHER_NAME, note, "b");
    let (event, _) = squashed(log(&scene)).pop().expect("there is one");
    assert_eq!((event.from, event.actor), (Seq(5), ADA_UNDER_ANOTHER_NAME.actor()));
}

#[test]
fn a_long_pause_ends_a_run() {
    let (mut scene, note) = Scene::with_note("");
    for minutes in [0, 9, 19, 30, 31] {
        typed(&mut scene, ADA, note, "word");
        let fact = scene.facts.last_mut().expect("it happened");
        fact.event.at = Timestamp(minutes * MINUTE);
    }
    assert_eq!(ranges_of(&scene), [(5, 7), (8, 9)]);
}

#[test]
fn a_clock_that_goes_back_ends_no_run() {
    let (mut scene, note) = Scene::with_note("");
    for at in [i64::MAX, 0, i64::MIN] {
        typed(&mut scene, ADA, note, "word");
        scene.facts.last_mut().expect("it happened").event.at = Timestamp(at);
    }
    assert_eq!(ranges_of(&scene), [(5, 7)]);
}

#[test]
fn a_run_stays_small() {
    let (mut scene, note) = Scene::with_note("");
    (0..6).for_each(|_| typed(&mut scene, ADA, note, &"word ".repeat(1_000)));
    assert_eq!(ranges_of(&scene), [(5, 7), (8, 10)]);
}

#[test]
fn what_a_run_takes_back_stays_small_too() {
    let (mut scene, note) = Scene::with_note(&"word ".repeat(6_000));
    for _ in 0..6 {
        scene.send(ADA, &scene.edit_at_head(note, Delta::new().delete(5_000))).event();
    }
    assert_eq!(ranges_of(&scene), [(5, 7), (8, 10)]);
}

#[test]
fn the_edits_at_the_end_may_be_joined_by_more() {
    let (mut scene, note) = Scene::with_note("");
    assert_eq!(squash(&log(&scene)).open, None);
    (0..3).for_each(|_| typed(&mut scene, ADA, note, "a"));
    assert_eq!(squash(&log(&scene)).open, Some(Seq(5)));
    typed(&mut scene, BEN, note, "b");
    assert_eq!(squash(&log(&scene)).open, Some(Seq(8)));
    scene.send(BEN, &recolour(note, sockbit_domain::Colour::Blue)).event();
    assert_eq!(squash(&log(&scene)).open, None);
}

#[test]
fn a_run_knows_what_it_was_made_of() {
    let (mut scene, note) = Scene::with_note("");
    (0..3).for_each(|_| typed(&mut scene, ADA, note, "a"));
    let all = log(&scene);
    let run = squash(&all).runs.pop().expect("there is one");
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

/// A history in which people stay at a note for a while.
fn sittings() -> impl Strategy<Value = Vec<Sending>> {
    (sendings(), prop::collection::vec(1_usize..6, 20), prop::collection::vec(delta(), 100))
        .prop_map(|(sendings, lengths, deltas)| {
            let mut deltas = deltas.into_iter();
            let sitting = |(sending, length): (Sending, usize)| {
                let more: Vec<Sending> = (1..length)
                    .filter_map(|_| deltas.next())
                    .map(|delta| sending.typing(delta))
                    .collect();
                [sending].into_iter().chain(more).collect::<Vec<_>>()
            };
            sendings.into_iter().zip(lengths).flat_map(sitting).collect()
        })
}

fn play(sendings: &[Sending]) -> Scene {
    let mut scene = scene_with_notes();
    for sending in sendings {
        sending.send(&mut scene);
    }
    scene
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn a_squashed_log_makes_the_same_notes(sendings in sittings()) {
        let scene = play(&sendings);
        let squashed = squashed(log(&scene));
        let notes = replay(squashed.iter().map(|(event, _)| event));
        prop_assert_eq!(&notes, &scene.board().notes);
    }

    #[test]
    fn the_ranges_of_a_squashed_log_cover_every_number_once(sendings in sittings()) {
        let scene = play(&sendings);
        let mut next = Seq(1);
        for (event, _) in squashed(log(&scene)) {
            prop_assert_eq!(event.from, next);
            prop_assert!(event.seq >= event.from);
            next = event.seq.next();
        }
        prop_assert_eq!(next, scene.head().seq.next());
    }

    #[test]
    fn what_takes_a_squashed_edit_back_leads_to_the_text_before_it(sendings in sittings()) {
        let scene = play(&sendings);
        let before = |seq: Seq, note: NoteId| -> Text {
            let earlier = scene.facts.iter().map(|it| &it.event).filter(|it| it.seq < seq);
            replay(earlier).remove(&note).map(|it| it.text).unwrap_or_default()
        };
        for run in squash(&log(&scene)).runs {
            let note = run.event.change.note().expect("runs are about notes");
            let after = before(run.event.seq.next(), note);
            prop_assert_eq!(run.inverse.apply(&after), Ok(before(run.event.from, note)));
        }
    }

    /// However a log is cut into parts, and in however many goes it is squashed.
    #[test]
    fn squashing_again_and_in_parts_keeps_what_the_log_says(
        sendings in sittings(),
        parts in prop::collection::vec((0_usize..100, 0_usize..100), 0..8),
    ) {
        let scene = play(&sendings);
        let mut all = log(&scene);
        for (begin, length) in parts {
            let begin = begin.min(all.len());
            let part = all[begin..(begin + length).min(all.len())].to_vec();
            all = with_runs(all, squash(&part));
        }
        prop_assert_eq!(&squash(&squashed(all.clone())).runs, &[]);
        let notes = replay(all.iter().map(|(event, _)| event));
        prop_assert_eq!(&notes, &scene.board().notes);
        let covered: u64 = all.iter().map(|(event, _)| event.seq.0 - event.from.0 + 1).sum();
        prop_assert_eq!(covered, scene.head().seq.0);
    }
}

/// Without this, the laws above could hold because nothing was ever squashed.
#[test]
fn random_sittings_have_runs() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut events, mut left) = (0, 0);
    for _ in 0..100 {
        let scene = play(&sittings().new_tree(&mut runner).expect("a history").current());
        events += scene.facts.len();
        left += squashed(log(&scene)).len();
    }
    assert!(left * 4 < events * 3, "{left} of {events} are left");
}
