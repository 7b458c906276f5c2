//! Notes: how they begin, where they stand and what colour they have.

use sockbit_domain::{
    Change, Colour, Command, Delta, NoteId, NoteState, Rejection, RejectionCode, Text,
};
use uuid::Uuid;

use crate::support::{
    ADA, BEN, Heard, Scene, create_note, every_command_about, rank, recolour, relocate, restore,
    trash,
};

const NEW: NoteId = NoteId(Uuid::from_u128(0xddd));

#[test]
fn a_note_begins_as_it_was_sent() {
    let mut scene = Scene::new();
    let event = scene.send(BEN, &create_note(NEW, "buy milk")).event();
    let note = scene.note(NEW);
    assert_eq!((note.text.as_str(), note.colour), ("buy milk", Colour::Yellow));
    assert_eq!((&note.rank, note.state), (&rank("V"), NoteState::Live));
    assert_eq!((note.seq, note.edited_at), (event.seq, event.at));
    assert_eq!(note.edited_by, BEN.actor());
}

#[test]
fn a_note_may_be_empty() {
    let mut scene = Scene::new();
    scene.send(BEN, &create_note(NEW, "")).event();
    assert_eq!(scene.text(NEW), "");
}

#[test]
fn a_whole_text_is_normalised_when_it_is_read() {
    let json = r#"{"type":"create_note","note":"00000000-0000-0000-0000-000000000ddd",
        "text":"a\r\nb\rc\u0000\ud83d\udc67","colour":"paper","rank":"V"}"#;
    let command: Command = serde_json::from_str(json).expect("a command");
    let mut scene = Scene::new();
    scene.send(BEN, &command).event();
    assert_eq!(scene.text(NEW), "a\nb\nc👧");
}

#[test]
fn a_notes_id_is_taken_while_the_note_is_on_the_board() {
    let (mut scene, note) = Scene::with_note("first");
    assert_eq!(scene.send(BEN, &create_note(note, "second")).code(), RejectionCode::NoteExists);
    assert_eq!(scene.text(note), "first");
}

#[test]
fn a_notes_id_is_taken_while_the_note_is_in_the_trash() {
    let (mut scene, note) = Scene::with_trashed_note("first");
    assert_eq!(scene.send(BEN, &create_note(note, "second")).code(), RejectionCode::NoteExists);
}

#[test]
fn a_notes_id_is_never_used_again_even_after_it_is_deleted_for_good() {
    let (mut scene, note) = Scene::with_deleted_note("first");
    assert_eq!(scene.send(BEN, &create_note(note, "second")).code(), RejectionCode::NoteExists);
}

#[test]
fn a_note_that_never_was_is_not_found_by_name() {
    let mut scene = Scene::new();
    for command in every_command_about(NEW, scene.head()) {
        let expected =
            Rejection::new(RejectionCode::NoteNotFound, format!("the board has no note {NEW}"));
        assert_eq!(scene.send(BEN, &command), Heard::Rejected(expected), "{command:?}");
    }
}

#[test]
fn moving_a_note_writes_one_note() {
    let (mut scene, note) = Scene::with_note("moved");
    scene.add_note("another");
    let mut expected = scene.board().notes.clone();
    let event = scene.send(BEN, &relocate(note, "k")).event();
    assert_eq!(event.change, Change::NoteMoved { note, rank: rank("k") });
    let moved = expected.get_mut(&note).expect("it is there");
    (moved.rank, moved.seq) = (rank("k"), event.seq);
    assert_eq!(scene.board().notes, expected);
}

#[test]
fn a_note_that_is_moved_to_where_it_stands_is_unchanged() {
    let (mut scene, note) = Scene::with_note("a");
    assert_eq!(scene.send(BEN, &relocate(note, "V")), Heard::Unchanged);
}

#[test]
fn two_notes_may_have_one_rank() {
    let (mut scene, note) = Scene::with_note("a");
    let other = scene.add_note("b");
    scene.send(BEN, &relocate(note, "k")).event();
    scene.send(ADA, &relocate(other, "k")).event();
    assert_eq!(scene.note(note).rank, scene.note(other).rank);
}

#[test]
fn of_two_who_move_one_note_the_later_decides() {
    let (mut scene, note) = Scene::with_note("a");
    scene.send(ADA, &relocate(note, "A")).event();
    scene.send(BEN, &relocate(note, "B")).event();
    assert_eq!(scene.note(note).rank, rank("B"));
}

#[test]
fn a_note_gets_another_colour() {
    let (mut scene, note) = Scene::with_note("a");
    let change = scene.send(BEN, &recolour(note, Colour::Teal)).change();
    assert_eq!(change, Change::NoteRecoloured { note, colour: Colour::Teal });
    assert_eq!(scene.note(note).colour, Colour::Teal);
}

#[test]
fn the_colour_that_a_note_has_changes_nothing() {
    let (mut scene, note) = Scene::with_note("a");
    assert_eq!(scene.send(BEN, &recolour(note, Colour::Yellow)), Heard::Unchanged);
}

#[test]
fn a_note_in_the_trash_can_be_moved_and_recoloured_and_stays_there() {
    let (mut scene, note) = Scene::with_trashed_note("a");
    scene.send(BEN, &relocate(note, "k")).event();
    scene.send(BEN, &recolour(note, Colour::Red)).event();
    assert_eq!(scene.state(note), NoteState::Trashed);
}

#[test]
fn only_writing_changes_who_wrote_last() {
    let (mut scene, note) = Scene::with_note("a");
    let written_at = scene.note(note).edited_at;
    for command in [relocate(note, "k"), recolour(note, Colour::Red), trash(note), restore(note)] {
        scene.send(BEN, &command).event();
    }
    assert_eq!(scene.note(note).edited_by, ADA.actor());
    assert_eq!(scene.note(note).edited_at, written_at);
    let event = scene.send(BEN, &scene.edit_at_head(note, Delta::new().insert("b"))).event();
    assert_eq!(scene.note(note).edited_by, BEN.actor());
    assert_eq!(scene.note(note).edited_at, event.at);
}

#[test]
fn a_note_says_the_seq_of_its_last_change() {
    let (mut scene, note) = Scene::with_note("a");
    for command in [relocate(note, "k"), recolour(note, Colour::Red), trash(note), restore(note)] {
        let event = scene.send(BEN, &command).event();
        assert_eq!(scene.note(note).seq, event.seq);
    }
    let seq = scene.note(note).seq;
    scene.add_note("another");
    assert_eq!(scene.note(note).seq, seq);
}

#[test]
fn an_event_that_a_note_has_seen_changes_nothing() {
    let (mut scene, note) = Scene::with_note("a");
    let event = scene.send(BEN, &scene.edit_at_head(note, Delta::new().insert("b"))).event();
    let mut copy = scene.note(note).clone();
    assert_eq!(copy.apply(&event), Ok(()));
    assert_eq!(copy.text, Text::normalise("ba"));
}
