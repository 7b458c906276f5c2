//! How much fits: exactly the limit, not one more, and a way down from above it.

use sockbit_domain::{Colour, Command, Delta, Limits, NoteId, Rejection, RejectionCode};
use uuid::Uuid;

use crate::support::{
    ADA, BEN, Heard, Scene, create_board, create_note, delete, edit, edit_whole, recolour,
    relocate, rename, restore, trash,
};

const NEW: NoteId = NoteId(Uuid::from_u128(0xddd));

fn note_of_ten_bytes(text: &str) -> (Scene, NoteId) {
    let (mut scene, note) = Scene::with_note(text);
    scene.limits.note_bytes_max = 10;
    (scene, note)
}

#[test]
fn a_note_takes_as_many_bytes_as_its_limit() {
    let (mut scene, note) = note_of_ten_bytes("");
    scene.send(BEN, &edit_whole(note, scene.head(), "0123456789")).event();
    scene.send(BEN, &create_note(NEW, "0123456789")).event();
}

#[test]
fn a_note_takes_not_one_byte_more() {
    let (mut scene, note) = note_of_ten_bytes("");
    let sentence = "the text would have 11 bytes; at most 10 are allowed in a note";
    let expected = Heard::Rejected(Rejection::new(RejectionCode::TextTooLong, sentence));
    assert_eq!(scene.send(BEN, &edit_whole(note, scene.head(), "0123456789a")), expected);
    assert_eq!(scene.send(BEN, &create_note(NEW, "0123456789a")), expected);
}

#[test]
fn texts_are_measured_in_bytes_of_utf8() {
    let (mut scene, note) = note_of_ten_bytes("");
    scene.send(BEN, &edit_whole(note, scene.head(), "ééééé")).event();
    let heard = scene.send(BEN, &edit_whole(note, scene.head(), "éééééé"));
    assert_eq!(heard.code(), RejectionCode::TextTooLong);
}

#[test]
fn what_counts_is_the_text_after_the_merge() {
    let (mut scene, note) = note_of_ten_bytes("0123");
    let base = scene.head();
    scene.send(ADA, &edit(note, base, Delta::new().insert("aaaa"))).event();
    let heard = scene.send(BEN, &edit(note, base, Delta::new().insert("bbbb")));
    assert_eq!(heard.code(), RejectionCode::TextTooLong);
    assert_eq!(scene.text(note), "aaaa0123");
}

#[test]
fn a_text_over_a_lowered_limit_may_shrink() {
    let (mut scene, note) = note_of_ten_bytes("0123456789abcdef");
    scene.send(BEN, &edit_whole(note, scene.head(), "0123456789abcd")).event();
    assert_eq!(scene.text(note), "0123456789abcd");
}

#[test]
fn a_text_over_a_lowered_limit_may_change_at_its_length() {
    let (mut scene, note) = note_of_ten_bytes("0123456789abcdef");
    scene.send(BEN, &edit_whole(note, scene.head(), "0123456789ABCDEF")).event();
}

#[test]
fn a_text_over_a_lowered_limit_may_not_grow() {
    let (mut scene, note) = note_of_ten_bytes("0123456789abcdef");
    let heard = scene.send(BEN, &edit_whole(note, scene.head(), "0123456789abcdefg"));
    assert_eq!(heard.code(), RejectionCode::TextTooLong);
}

#[test]
fn everything_but_growing_may_happen_to_a_note_over_a_lowered_limit() {
    let (mut scene, note) = note_of_ten_bytes("0123456789abcdef");
    scene.limits.board_bytes_max = 1;
    scene.limits.notes_max = 0;
    for command in [relocate(note, "k"), recolour(note, Colour::Red), trash(note), restore(note)] {
        scene.send(BEN, &command).event();
    }
}

#[test]
fn a_board_takes_as_many_notes_as_its_limit_and_not_one_more() {
    let mut scene = Scene::new();
    scene.limits.notes_max = 2;
    scene.add_note("a");
    scene.add_note("b");
    let sentence = "the board has 2 notes, which is as many as it may have";
    let expected = Rejection::new(RejectionCode::BoardFull, sentence);
    assert_eq!(scene.send(BEN, &create_note(NEW, "c")), Heard::Rejected(expected));
}

#[test]
fn the_trash_makes_no_room_but_deleting_for_good_does() {
    let (mut scene, note) = Scene::with_note("a");
    scene.limits.notes_max = 1;
    scene.send(BEN, &trash(note)).event();
    assert_eq!(scene.send(BEN, &create_note(NEW, "b")).code(), RejectionCode::BoardFull);
    scene.send(BEN, &delete(note)).event();
    scene.send(BEN, &create_note(NEW, "b")).event();
}

#[test]
fn a_boards_texts_take_as_many_bytes_as_its_limit_and_not_one_more() {
    let (mut scene, note) = Scene::with_note("0123");
    scene.limits.board_bytes_max = 10;
    let sentence = "the board's notes would have 11 bytes; at most 10 are allowed";
    let expected = Heard::Rejected(Rejection::new(RejectionCode::BoardTextFull, sentence));
    assert_eq!(scene.send(BEN, &create_note(NEW, "4567890")), expected);
    scene.send(BEN, &create_note(NEW, "456789")).event();
    assert_eq!(scene.send(BEN, &edit_whole(note, scene.head(), "01234")), expected);
}

#[test]
fn a_text_that_shrinks_makes_room_for_others() {
    let (mut scene, note) = Scene::with_note("0123456789");
    scene.limits.board_bytes_max = 10;
    scene.send(BEN, &edit_whole(note, scene.head(), "01234")).event();
    scene.send(BEN, &create_note(NEW, "56789")).event();
    assert_eq!(scene.board().text_bytes, 10);
}

#[test]
fn a_text_may_shrink_on_a_board_over_a_lowered_limit() {
    let (mut scene, note) = Scene::with_note("0123456789");
    scene.limits.board_bytes_max = 5;
    scene.send(BEN, &edit_whole(note, scene.head(), "01234567")).event();
    let heard = scene.send(BEN, &edit_whole(note, scene.head(), "012345678"));
    assert_eq!(heard.code(), RejectionCode::BoardTextFull);
}

#[test]
fn a_title_takes_as_many_bytes_as_its_limit_and_not_one_more() {
    for (mut scene, command) in
        [(Scene::empty(), create_board as fn(&str) -> Command), (Scene::new(), rename)]
    {
        scene.limits.title_bytes_max = 6;
        let sentence = "the title has 7 bytes; at most 6 are allowed";
        let expected = Rejection::new(RejectionCode::TitleTooLong, sentence);
        assert_eq!(scene.send(ADA, &command("éclats")), Heard::Rejected(expected));
        scene.send(ADA, &command(" éclat ")).event();
    }
}

#[test]
fn the_limits_are_those_that_the_documents_name() {
    let limits = Limits::default();
    assert_eq!((limits.note_bytes_max, limits.notes_max), (65_536, 1_000));
    assert_eq!((limits.board_bytes_max, limits.links_max), (8_388_608, 100));
    assert_eq!(limits.title_bytes_max, 200);
}
