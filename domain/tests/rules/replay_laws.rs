//! Laws of `decide` and `apply`: replaying the events gives the same notes, and decisions are deterministic.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sockbit_domain::{
    Board, Change, Command, Delta, Event, Note, NoteId, NoteState, Seq, Text, TextChange,
};

use crate::fixture::{BEN, BoardFixture, CommandResult, edit};
use crate::random_commands::{RandomCommand, fixture_with_notes, history};

fn play(history: &[RandomCommand]) -> BoardFixture {
    let mut fixture = fixture_with_notes();
    for step in history {
        step.send(&mut fixture);
    }
    fixture
}

/// The notes that a client computes from the events alone.
pub fn replay<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeMap<NoteId, Note> {
    let mut notes = BTreeMap::<NoteId, Note>::new();
    for event in events {
        if let Some(note) = Note::created(event) {
            notes.insert(note.id, note);
        } else if let Some(note) = event.change.note().and_then(|id| notes.get_mut(&id)) {
            note.apply(event).expect("an event fits the state before it");
        }
    }
    notes
}

#[test]
fn applying_a_fact_gives_the_same_board_again() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let mut other = fixture.board().clone();
    let result = fixture.send(BEN, &fixture.edit_at_head(note, Delta::new().delete(1)));
    assert!(matches!(result, CommandResult::Saved(_)), "{result:?}");
    let fact = fixture.facts.last().expect("a fact");
    assert_eq!(other.apply(fact), Ok(()));
    assert_eq!(&other, fixture.board());
}

#[test]
fn a_fact_that_does_not_fit_leaves_the_board_unchanged() {
    let (mut fixture, note) = BoardFixture::with_note("abc");
    fixture.send(BEN, &edit(note, fixture.head(), Delta::new().retain(2).delete(1))).event();
    let mut board = BoardFixture::with_note("").0.board().clone();
    let before = board.clone();
    let fact = fixture.facts.last().expect("a fact");
    assert!(board.apply(fact).is_err());
    assert_eq!(board, before);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn replaying_all_events_gives_the_same_notes(history in history()) {
        let fixture = play(&history);
        prop_assert_eq!(&replay(fixture.facts.iter().map(|fact| &fact.event)), &fixture.board().notes);
    }

    #[test]
    fn replaying_all_facts_gives_the_same_board(history in history()) {
        let fixture = play(&history);
        let mut facts = fixture.facts.iter();
        let mut board = facts.next().and_then(|fact| Board::created(&fact.event)).expect("a board");
        for fact in facts {
            prop_assert_eq!(board.apply(fact), Ok(()));
        }
        prop_assert_eq!(&board, fixture.board());
    }

    #[test]
    fn applying_every_event_twice_changes_nothing(history in history()) {
        let fixture = play(&history);
        let twice = fixture.facts.iter().map(|fact| &fact.event).flat_map(|event| match event.change {
            Change::NoteCreated { .. } => vec![event],
            _ => vec![event, event],
        });
        prop_assert_eq!(&replay(twice), &fixture.board().notes);
    }

    #[test]
    fn events_are_numbered_from_one_without_gaps(history in history()) {
        let fixture = play(&history);
        for (fact, seq) in fixture.facts.iter().zip(1..) {
            prop_assert_eq!((fact.event.from, fact.event.seq), (Seq(seq), Seq(seq)));
        }
        let last = fixture.facts.last().map(|fact| fact.event.position());
        prop_assert_eq!(Some(fixture.head()), last);
    }

    #[test]
    fn a_board_counts_exactly_the_notes_that_are_not_deleted(history in history()) {
        let fixture = play(&history);
        let notes = fixture.board().notes.values().filter(|note| note.state != NoteState::Deleted);
        let bytes: usize = notes.clone().map(|note| note.text.len_bytes()).sum();
        prop_assert_eq!(fixture.board().note_count as usize, notes.count());
        prop_assert_eq!(fixture.board().text_bytes, bytes as u64);
    }

    #[test]
    fn a_decision_is_deterministic(history in history()) {
        let mut fixture = fixture_with_notes();
        for step in &history {
            let command = step.command_for(&fixture);
            let first = fixture.decide(step.who, &command, step.key);
            let second = fixture.decide(step.who, &command, step.key);
            prop_assert_eq!(first, second);
            step.send(&mut fixture);
        }
    }

    #[test]
    fn the_inverse_of_every_edit_restores_the_text_before_it(history in history()) {
        let mut fixture = fixture_with_notes();
        for step in &history {
            let before = fixture.board().notes.clone();
            let CommandResult::Saved(event) = step.send(&mut fixture) else { continue };
            let Change::NoteEdited { note, .. } = event.change else { continue };
            let inverse = fixture.facts.last().and_then(|fact| fact.inverse.clone());
            let back = inverse.expect("an edit has an inverse").apply(&fixture.note(note).text);
            prop_assert_eq!(back.as_ref(), Ok(&before[&note].text));
        }
    }

    #[test]
    fn no_text_ever_holds_a_control_character(history in history()) {
        let fixture = play(&history);
        let clean = |note: &Note| Text::is_clean(note.text.as_str());
        prop_assert!(fixture.board().notes.values().all(clean));
    }
}

/// Ensures that the laws above are not vacuous.
#[test]
fn random_histories_contain_every_kind_of_change_and_merged_edits() {
    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut merged) = (BTreeSet::new(), 0);
    for _ in 0..300 {
        let history = history().new_tree(&mut runner).expect("a history").current();
        let mut fixture = fixture_with_notes();
        for step in &history {
            let command = step.command_for(&fixture);
            let CommandResult::Saved(event) = step.send(&mut fixture) else { continue };
            kinds.insert(kind(&event.change));
            merged += usize::from(is_merged(&command, &event.change));
        }
    }
    assert_eq!(kinds.len(), 10, "every change but the board's creation: {kinds:?}");
    assert!(merged > 100, "only {merged} edits were merged");
}

/// Whether the event's delta differs from the delta of the command.
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
