//! Creating, moving and recolouring notes.

use sockbit_domain::{
    Change, Colour, Command, Delta, NoteId, NoteState, Rejection, RejectionCode, Text,
};
use uuid::Uuid;

use crate::fixture::{
    ADA, BEN, BoardFixture, CommandResult, create_note, every_command_about, rank, recolour,
    relocate, restore, trash,
};

const NEW: NoteId = NoteId(Uuid::from_u128(0xddd));

#[test]
fn a_new_note_is_as_sent() {
    let mut fixture = BoardFixture::new();
    let event = fixture.send(BEN, &create_note(NEW, "buy milk")).event();
    let note = fixture.note(NEW);
    assert_eq!((note.text.as_str(), note.colour), ("buy milk", Colour::Yellow));
    assert_eq!((&note.rank, note.state), (&rank("V"), NoteState::Live));
    assert_eq!((note.seq, note.edited_at), (event.seq, event.at));
    assert_eq!(note.edited_by, BEN.actor());
}

#[test]
fn a_note_may_be_empty() {
    let mut fixture = BoardFixture::new();
    fixture.send(BEN, &create_note(NEW, "")).event();
    assert_eq!(fixture.text(NEW), "");
}

#[test]
fn a_whole_text_is_normalised_when_it_is_parsed() {
    let json = r#"{"type":"create_note","note":"00000000-0000-0000-0000-000000000ddd",
        "text":"a\r\nb\rc\u0000\ud83d\udc67","colour":"paper","rank":"V"}"#;
    let command: Command = serde_json::from_str(json).expect("a command");
    let mut fixture = BoardFixture::new();
    fixture.send(BEN, &command).event();
    assert_eq!(fixture.text(NEW), "a\nb\nc👧");
}

#[test]
fn creating_a_note_under_the_id_of_a_live_note_is_rejected() {
    let (mut fixture, note) = BoardFixture::with_note("first");
    assert_eq!(fixture.send(BEN, &create_note(note, "second")).code(), RejectionCode::NoteExists);
    assert_eq!(fixture.text(note), "first");
}

#[test]
fn creating_a_note_under_the_id_of_a_trashed_note_is_rejected() {
    let (mut fixture, note) = BoardFixture::with_trashed_note("first");
    assert_eq!(fixture.send(BEN, &create_note(note, "second")).code(), RejectionCode::NoteExists);
}

#[test]
fn creating_a_note_under_the_id_of_a_deleted_note_is_rejected() {
    let (mut fixture, note) = BoardFixture::with_deleted_note("first");
    assert_eq!(fixture.send(BEN, &create_note(note, "second")).code(), RejectionCode::NoteExists);
}

#[test]
fn every_command_on_an_unknown_note_is_rejected() {
    let mut fixture = BoardFixture::new();
    for command in every_command_about(NEW, fixture.head()) {
        let expected =
            Rejection::new(RejectionCode::NoteNotFound, format!("the board has no note {NEW}"));
        assert_eq!(fixture.send(BEN, &command), CommandResult::Rejected(expected), "{command:?}");
    }
}

#[test]
fn moving_a_note_changes_only_that_note() {
    let (mut fixture, note) = BoardFixture::with_note("moved");
    fixture.add_note("another");
    let mut expected = fixture.board().notes.clone();
    let event = fixture.send(BEN, &relocate(note, "k")).event();
    assert_eq!(event.change, Change::NoteMoved { note, rank: rank("k") });
    let moved = expected.get_mut(&note).expect("the note exists");
    (moved.rank, moved.seq) = (rank("k"), event.seq);
    assert_eq!(fixture.board().notes, expected);
}

#[test]
fn moving_a_note_to_its_rank_changes_nothing() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    assert_eq!(fixture.send(BEN, &relocate(note, "V")), CommandResult::Unchanged);
}

#[test]
fn two_notes_may_have_the_same_rank() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    let other = fixture.add_note("b");
    fixture.send(BEN, &relocate(note, "k")).event();
    fixture.send(ADA, &relocate(other, "k")).event();
    assert_eq!(fixture.note(note).rank, fixture.note(other).rank);
}

#[test]
fn of_two_moves_of_one_note_the_later_one_wins() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    fixture.send(ADA, &relocate(note, "A")).event();
    fixture.send(BEN, &relocate(note, "B")).event();
    assert_eq!(fixture.note(note).rank, rank("B"));
}

#[test]
fn a_note_can_be_recoloured() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    let change = fixture.send(BEN, &recolour(note, Colour::Teal)).change();
    assert_eq!(change, Change::NoteRecoloured { note, colour: Colour::Teal });
    assert_eq!(fixture.note(note).colour, Colour::Teal);
}

#[test]
fn recolouring_a_note_to_its_colour_changes_nothing() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    assert_eq!(fixture.send(BEN, &recolour(note, Colour::Yellow)), CommandResult::Unchanged);
}

#[test]
fn a_trashed_note_can_be_moved_and_recoloured_and_stays_trashed() {
    let (mut fixture, note) = BoardFixture::with_trashed_note("a");
    fixture.send(BEN, &relocate(note, "k")).event();
    fixture.send(BEN, &recolour(note, Colour::Red)).event();
    assert_eq!(fixture.state(note), NoteState::Trashed);
}

#[test]
fn only_text_edits_change_edited_by() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    let edited_at = fixture.note(note).edited_at;
    for command in [relocate(note, "k"), recolour(note, Colour::Red), trash(note), restore(note)] {
        fixture.send(BEN, &command).event();
    }
    assert_eq!(fixture.note(note).edited_by, ADA.actor());
    assert_eq!(fixture.note(note).edited_at, edited_at);
    let event = fixture.send(BEN, &fixture.edit_at_head(note, Delta::new().insert("b"))).event();
    assert_eq!(fixture.note(note).edited_by, BEN.actor());
    assert_eq!(fixture.note(note).edited_at, event.at);
}

#[test]
fn a_note_has_the_seq_of_its_last_change() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    for command in [relocate(note, "k"), recolour(note, Colour::Red), trash(note), restore(note)] {
        let event = fixture.send(BEN, &command).event();
        assert_eq!(fixture.note(note).seq, event.seq);
    }
    let seq = fixture.note(note).seq;
    fixture.add_note("another");
    assert_eq!(fixture.note(note).seq, seq);
}

#[test]
fn applying_an_event_again_changes_nothing() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    let event = fixture.send(BEN, &fixture.edit_at_head(note, Delta::new().insert("b"))).event();
    let mut copy = fixture.note(note).clone();
    assert_eq!(copy.apply(&event), Ok(()));
    assert_eq!(copy.text, Text::normalise("ba"));
}
