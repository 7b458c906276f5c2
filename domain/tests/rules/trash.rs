//! Trashing, restoring and deleting notes.

use sockbit_domain::{Change, Delta, NoteState, Rejection, RejectionCode};

use crate::fixture::{
    ADA, BEN, BoardFixture, CommandResult, delete, edit_whole, every_command_about, restore, trash,
};

#[test]
fn a_trashed_note_keeps_its_text() {
    let (mut fixture, note) = BoardFixture::with_note("keep me");
    assert_eq!(fixture.send(BEN, &trash(note)).change(), Change::NoteTrashed { note });
    assert_eq!((fixture.state(note), fixture.text(note)), (NoteState::Trashed, "keep me"));
}

#[test]
fn trashing_twice_changes_nothing() {
    let (mut fixture, note) = BoardFixture::with_trashed_note("a");
    assert_eq!(fixture.send(BEN, &trash(note)), CommandResult::Unchanged);
}

#[test]
fn a_trashed_note_can_be_restored() {
    let (mut fixture, note) = BoardFixture::with_trashed_note("a");
    assert_eq!(fixture.send(BEN, &restore(note)).change(), Change::NoteRestored { note });
    assert_eq!((fixture.state(note), fixture.text(note)), (NoteState::Live, "a"));
}

#[test]
fn restoring_a_live_note_changes_nothing() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    assert_eq!(fixture.send(BEN, &restore(note)), CommandResult::Unchanged);
}

#[test]
fn an_edit_restores_a_trashed_note() {
    let (mut fixture, note) = BoardFixture::with_trashed_note("a");
    fixture.send(BEN, &fixture.edit_at_head(note, Delta::new().retain(1).insert("b"))).event();
    assert_eq!((fixture.state(note), fixture.text(note)), (NoteState::Live, "ab"));
}

#[test]
fn a_late_edit_restores_a_note_that_was_trashed_since_its_base() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    let base = fixture.head();
    fixture.send(ADA, &trash(note)).event();
    fixture.send(BEN, &edit_whole(note, base, "ab")).event();
    assert_eq!((fixture.state(note), fixture.text(note)), (NoteState::Live, "ab"));
}

#[test]
fn an_empty_edit_restores_a_trashed_note() {
    let (mut fixture, note) = BoardFixture::with_trashed_note("a");
    let change = fixture.send(BEN, &edit_whole(note, fixture.head(), "a")).change();
    assert_eq!(change, Change::NoteEdited { note, delta: Delta::new() });
    assert_eq!(fixture.state(note), NoteState::Live);
}

#[test]
fn deleting_a_live_note_is_rejected() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    assert_eq!(fixture.send(ADA, &delete(note)).code(), RejectionCode::NoteNotTrashed);
    assert_eq!((fixture.state(note), fixture.text(note)), (NoteState::Live, "a"));
}

#[test]
fn deleting_a_note_keeps_only_its_id() {
    let (mut fixture, note) = BoardFixture::with_trashed_note("secret");
    assert_eq!(fixture.send(BEN, &delete(note)).change(), Change::NoteDeleted { note });
    assert_eq!((fixture.state(note), fixture.text(note)), (NoteState::Deleted, ""));
}

#[test]
fn a_late_edit_of_a_deleted_note_is_rejected() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    let base = fixture.head();
    fixture.send(ADA, &trash(note)).event();
    fixture.send(ADA, &delete(note)).event();
    assert_eq!(fixture.send(BEN, &edit_whole(note, base, "ab")).code(), RejectionCode::NoteGone);
}

#[test]
fn every_command_on_a_deleted_note_is_rejected() {
    let (mut fixture, note) = BoardFixture::with_deleted_note("a");
    let gone = Rejection::new(RejectionCode::NoteGone, "the note was deleted for good");
    for command in every_command_about(note, fixture.head()) {
        assert_eq!(
            fixture.send(BEN, &command),
            CommandResult::Rejected(gone.clone()),
            "{command:?}"
        );
    }
    assert_eq!(fixture.state(note), NoteState::Deleted);
}

#[test]
fn a_trashed_note_is_counted_and_a_deleted_one_is_not() {
    let (mut fixture, note) = BoardFixture::with_note("four");
    fixture.add_note("x");
    let counts = |fixture: &BoardFixture| (fixture.board().note_count, fixture.board().text_bytes);
    assert_eq!(counts(&fixture), (2, 5));
    fixture.send(BEN, &trash(note)).event();
    assert_eq!(counts(&fixture), (2, 5));
    fixture.send(BEN, &delete(note)).event();
    assert_eq!(counts(&fixture), (1, 1));
}
