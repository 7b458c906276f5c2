//! The trash: putting notes there, taking them back, and deleting them for good.

use sockbit_domain::{Change, Delta, NoteState, Rejection, RejectionCode};

use crate::support::{
    ADA, BEN, Heard, Scene, delete, edit_whole, every_command_about, restore, trash,
};

#[test]
fn a_trashed_note_keeps_its_text() {
    let (mut scene, note) = Scene::with_note("keep me");
    assert_eq!(scene.send(BEN, &trash(note)).change(), Change::NoteTrashed { note });
    assert_eq!((scene.state(note), scene.text(note)), (NoteState::Trashed, "keep me"));
}

#[test]
fn trashing_twice_changes_nothing() {
    let (mut scene, note) = Scene::with_trashed_note("a");
    assert_eq!(scene.send(BEN, &trash(note)), Heard::Unchanged);
}

#[test]
fn a_trashed_note_can_be_restored() {
    let (mut scene, note) = Scene::with_trashed_note("a");
    assert_eq!(scene.send(BEN, &restore(note)).change(), Change::NoteRestored { note });
    assert_eq!((scene.state(note), scene.text(note)), (NoteState::Live, "a"));
}

#[test]
fn restoring_a_live_note_changes_nothing() {
    let (mut scene, note) = Scene::with_note("a");
    assert_eq!(scene.send(BEN, &restore(note)), Heard::Unchanged);
}

#[test]
fn an_edit_of_a_trashed_note_brings_it_back() {
    let (mut scene, note) = Scene::with_trashed_note("a");
    scene.send(BEN, &scene.edit_at_head(note, Delta::new().retain(1).insert("b"))).event();
    assert_eq!((scene.state(note), scene.text(note)), (NoteState::Live, "ab"));
}

#[test]
fn whoever_was_writing_while_another_trashed_the_note_brings_it_back() {
    let (mut scene, note) = Scene::with_note("a");
    let base = scene.head();
    scene.send(ADA, &trash(note)).event();
    scene.send(BEN, &edit_whole(note, base, "ab")).event();
    assert_eq!((scene.state(note), scene.text(note)), (NoteState::Live, "ab"));
}

#[test]
fn an_edit_that_changes_no_letter_brings_a_trashed_note_back_too() {
    let (mut scene, note) = Scene::with_trashed_note("a");
    let change = scene.send(BEN, &edit_whole(note, scene.head(), "a")).change();
    assert_eq!(change, Change::NoteEdited { note, delta: Delta::new() });
    assert_eq!(scene.state(note), NoteState::Live);
}

#[test]
fn only_a_note_in_the_trash_is_deleted_for_good() {
    let (mut scene, note) = Scene::with_note("a");
    assert_eq!(scene.send(ADA, &delete(note)).code(), RejectionCode::NoteNotTrashed);
    assert_eq!((scene.state(note), scene.text(note)), (NoteState::Live, "a"));
}

#[test]
fn deleting_for_good_leaves_only_the_id() {
    let (mut scene, note) = Scene::with_trashed_note("secret");
    assert_eq!(scene.send(BEN, &delete(note)).change(), Change::NoteDeleted { note });
    assert_eq!((scene.state(note), scene.text(note)), (NoteState::Deleted, ""));
}

#[test]
fn an_edit_of_a_note_deleted_for_good_is_rejected() {
    let (mut scene, note) = Scene::with_note("a");
    let base = scene.head();
    scene.send(ADA, &trash(note)).event();
    scene.send(ADA, &delete(note)).event();
    assert_eq!(scene.send(BEN, &edit_whole(note, base, "ab")).code(), RejectionCode::NoteGone);
}

#[test]
fn nothing_happens_to_a_note_deleted_for_good() {
    let (mut scene, note) = Scene::with_deleted_note("a");
    let gone = Rejection::new(RejectionCode::NoteGone, "the note was deleted for good");
    for command in every_command_about(note, scene.head()) {
        assert_eq!(scene.send(BEN, &command), Heard::Rejected(gone.clone()), "{command:?}");
    }
    assert_eq!(scene.state(note), NoteState::Deleted);
}

#[test]
fn a_note_counts_while_it_is_in_the_trash_and_no_longer_once_deleted() {
    let (mut scene, note) = Scene::with_note("four");
    scene.add_note("x");
    let counts = |scene: &Scene| (scene.board().note_count, scene.board().text_bytes);
    assert_eq!(counts(&scene), (2, 5));
    scene.send(BEN, &trash(note)).event();
    assert_eq!(counts(&scene), (2, 5));
    scene.send(BEN, &delete(note)).event();
    assert_eq!(counts(&scene), (1, 1));
}
