//! What follows from deciding: events alone make the same notes again, and nothing depends on chance.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sockbit_domain::{
    Board, Change, Command, Delta, Event, Note, NoteId, NoteState, Seq, Text, TextChange,
};

use crate::random::{Sending, scene_with_notes, sendings};
use crate::support::{BEN, Heard, Scene, edit};

fn play(sendings: &[Sending]) -> Scene {
    let mut scene = scene_with_notes();
    for sending in sendings {
        sending.send(&mut scene);
    }
    scene
}

/// What a client makes of the events, with nothing but the events.
pub fn replay<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeMap<NoteId, Note> {
    let mut notes = BTreeMap::<NoteId, Note>::new();
    for event in events {
        if let Some(note) = Note::created(event) {
            notes.insert(note.id, note);
        } else if let Some(note) = event.change.note().and_then(|id| notes.get_mut(&id)) {
            note.apply(event).expect("an event fits the note that the events before made");
        }
    }
    notes
}

#[test]
fn a_board_after_applying_is_the_board_that_was_decided() {
    let (mut scene, note) = Scene::with_note("ab");
    let mut other = scene.board().clone();
    let heard = scene.send(BEN, &scene.edit_at_head(note, Delta::new().delete(1)));
    assert!(matches!(heard, Heard::Saved(_)), "{heard:?}");
    let fact = scene.facts.last().expect("it happened");
    assert_eq!(other.apply(fact), Ok(()));
    assert_eq!(&other, scene.board());
}

#[test]
fn a_fact_that_does_not_fit_leaves_the_board_as_it_was() {
    let (mut scene, note) = Scene::with_note("abc");
    scene.send(BEN, &edit(note, scene.head(), Delta::new().retain(2).delete(1))).event();
    let mut board = Scene::with_note("").0.board().clone();
    let before = board.clone();
    let fact = scene.facts.last().expect("it happened");
    assert!(board.apply(fact).is_err());
    assert_eq!(board, before);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn replaying_all_events_gives_the_notes_that_deciding_gave(sendings in sendings()) {
        let scene = play(&sendings);
        prop_assert_eq!(&replay(scene.facts.iter().map(|fact| &fact.event)), &scene.board().notes);
    }

    #[test]
    fn replaying_all_facts_gives_the_board_that_deciding_gave(sendings in sendings()) {
        let scene = play(&sendings);
        let mut facts = scene.facts.iter();
        let mut board = facts.next().and_then(|fact| Board::created(&fact.event)).expect("a board");
        for fact in facts {
            prop_assert_eq!(board.apply(fact), Ok(()));
        }
        prop_assert_eq!(&board, scene.board());
    }

    #[test]
    fn seeing_every_event_twice_changes_nothing(sendings in sendings()) {
        let scene = play(&sendings);
        let twice = scene.facts.iter().map(|fact| &fact.event).flat_map(|event| match event.change {
            Change::NoteCreated { .. } => vec![event],
            _ => vec![event, event],
        });
        prop_assert_eq!(&replay(twice), &scene.board().notes);
    }

    #[test]
    fn events_number_the_history_from_one_on_without_gaps(sendings in sendings()) {
        let scene = play(&sendings);
        for (fact, seq) in scene.facts.iter().zip(1..) {
            prop_assert_eq!((fact.event.from, fact.event.seq), (Seq(seq), Seq(seq)));
        }
        let last = scene.facts.last().map(|fact| fact.event.position());
        prop_assert_eq!(Some(scene.head()), last);
    }

    #[test]
    fn a_board_counts_exactly_the_notes_that_are_not_deleted(sendings in sendings()) {
        let scene = play(&sendings);
        let notes = scene.board().notes.values().filter(|note| note.state != NoteState::Deleted);
        let bytes: usize = notes.clone().map(|note| note.text.len_bytes()).sum();
        prop_assert_eq!(scene.board().note_count as usize, notes.count());
        prop_assert_eq!(scene.board().text_bytes, bytes as u64);
    }

    #[test]
    fn the_same_command_on_the_same_board_decides_the_same(sendings in sendings()) {
        let mut scene = scene_with_notes();
        for sending in &sendings {
            let command = sending.command_now(&scene);
            let first = scene.decide(sending.who, &command, sending.key);
            let second = scene.decide(sending.who, &command, sending.key);
            prop_assert_eq!(first, second);
            sending.send(&mut scene);
        }
    }

    #[test]
    fn every_edit_can_be_taken_back_to_the_text_before_it(sendings in sendings()) {
        let mut scene = scene_with_notes();
        for sending in &sendings {
            let before = scene.board().notes.clone();
            let Heard::Saved(event) = sending.send(&mut scene) else { continue };
            let Change::NoteEdited { note, .. } = event.change else { continue };
            let inverse = scene.facts.last().and_then(|fact| fact.inverse.clone());
            let back = inverse.expect("an edit has an inverse").apply(&scene.note(note).text);
            prop_assert_eq!(back.as_ref(), Ok(&before[&note].text));
        }
    }

    #[test]
    fn no_text_ever_holds_a_control_character(sendings in sendings()) {
        let scene = play(&sendings);
        let clean = |note: &Note| Text::is_clean(note.text.as_str());
        prop_assert!(scene.board().notes.values().all(clean));
    }
}

/// Without this, the laws above could hold because nothing ever happened.
#[test]
fn random_histories_see_every_kind_of_change_and_merge_edits() {
    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut merged) = (BTreeSet::new(), 0);
    for _ in 0..300 {
        let sendings = sendings().new_tree(&mut runner).expect("a history").current();
        let mut scene = scene_with_notes();
        for sending in &sendings {
            let command = sending.command_now(&scene);
            let Heard::Saved(event) = sending.send(&mut scene) else { continue };
            kinds.insert(kind(&event.change));
            merged += usize::from(is_merged(&command, &event.change));
        }
    }
    assert_eq!(kinds.len(), 10, "every change but the board's creation: {kinds:?}");
    assert!(merged > 100, "only {merged} edits were merged");
}

/// Whether a delta is another one than was sent.
fn is_merged(command: &Command, change: &Change) -> bool {
    match (command, change) {
        (
            Command::EditNote { change: TextChange::Delta(sent), .. },
            Change::NoteEdited { delta, .. },
        ) => sent != delta,
        _ => false,
    }
}

fn kind(change: &Change) -> String {
    let json = serde_json::to_value(change).expect("a change is plain data");
    json["type"].to_string()
}
