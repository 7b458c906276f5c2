//! Limits: up to the limit is accepted, more is rejected, and a text over a lowered limit may shrink.

use sockbit_domain::{Colour, Command, Delta, Limits, NoteId, Rejection, RejectionCode};
use uuid::Uuid;

use crate::fixture::{
    ADA, BEN, BoardFixture, CommandResult, create_board, create_note, delete, edit, edit_whole,
    recolour, relocate, rename, restore, trash,
};

const NEW: NoteId = NoteId(Uuid::from_u128(0xddd));

fn note_of_ten_bytes(text: &str) -> (BoardFixture, NoteId) {
    let (mut fixture, note) = BoardFixture::with_note(text);
    fixture.limits.note_bytes_max = 10;
    (fixture, note)
}

#[test]
fn a_text_at_the_limit_is_accepted() {
    let (mut fixture, note) = note_of_ten_bytes("");
    fixture.send(BEN, &edit_whole(note, fixture.head(), "0123456789")).event();
    fixture.send(BEN, &create_note(NEW, "0123456789")).event();
}

#[test]
fn a_text_over_the_limit_is_rejected() {
    let (mut fixture, note) = note_of_ten_bytes("");
    let sentence = "the text would have 11 bytes; at most 10 are allowed in a note";
    let expected = CommandResult::Rejected(Rejection::new(RejectionCode::TextTooLong, sentence));
    assert_eq!(fixture.send(BEN, &edit_whole(note, fixture.head(), "0123456789a")), expected);
    assert_eq!(fixture.send(BEN, &create_note(NEW, "0123456789a")), expected);
}

#[test]
fn texts_are_measured_in_utf8_bytes() {
    let (mut fixture, note) = note_of_ten_bytes("");
    fixture.send(BEN, &edit_whole(note, fixture.head(), "ééééé")).event();
    let result = fixture.send(BEN, &edit_whole(note, fixture.head(), "éééééé"));
    assert_eq!(result.code(), RejectionCode::TextTooLong);
}

#[test]
fn the_limit_applies_to_the_merged_text() {
    let (mut fixture, note) = note_of_ten_bytes("0123");
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, Delta::new().insert("aaaa"))).event();
    let result = fixture.send(BEN, &edit(note, base, Delta::new().insert("bbbb")));
    assert_eq!(result.code(), RejectionCode::TextTooLong);
    assert_eq!(fixture.text(note), "aaaa0123");
}

#[test]
fn a_text_over_a_lowered_limit_may_shrink() {
    let (mut fixture, note) = note_of_ten_bytes("0123456789abcdef");
    fixture.send(BEN, &edit_whole(note, fixture.head(), "0123456789abcd")).event();
    assert_eq!(fixture.text(note), "0123456789abcd");
}

#[test]
fn a_text_over_a_lowered_limit_may_change_at_equal_length() {
    let (mut fixture, note) = note_of_ten_bytes("0123456789abcdef");
    fixture.send(BEN, &edit_whole(note, fixture.head(), "0123456789ABCDEF")).event();
}

#[test]
fn a_text_over_a_lowered_limit_may_not_grow() {
    let (mut fixture, note) = note_of_ten_bytes("0123456789abcdef");
    let result = fixture.send(BEN, &edit_whole(note, fixture.head(), "0123456789abcdefg"));
    assert_eq!(result.code(), RejectionCode::TextTooLong);
}

#[test]
fn a_note_over_a_lowered_limit_accepts_all_commands_that_do_not_grow_it() {
    let (mut fixture, note) = note_of_ten_bytes("0123456789abcdef");
    fixture.limits.board_bytes_max = 1;
    fixture.limits.notes_max = 0;
    for command in [relocate(note, "k"), recolour(note, Colour::Red), trash(note), restore(note)] {
        fixture.send(BEN, &command).event();
    }
}

#[test]
fn a_note_over_the_limit_is_rejected() {
    let mut fixture = BoardFixture::new();
    fixture.limits.notes_max = 2;
    fixture.add_note("a");
    fixture.add_note("b");
    let sentence = "the board has 2 notes, which is as many as it may have";
    let expected = Rejection::new(RejectionCode::BoardFull, sentence);
    assert_eq!(fixture.send(BEN, &create_note(NEW, "c")), CommandResult::Rejected(expected));
}

#[test]
fn trashed_notes_count_towards_the_limit_and_deleted_ones_do_not() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    fixture.limits.notes_max = 1;
    fixture.send(BEN, &trash(note)).event();
    assert_eq!(fixture.send(BEN, &create_note(NEW, "b")).code(), RejectionCode::BoardFull);
    fixture.send(BEN, &delete(note)).event();
    fixture.send(BEN, &create_note(NEW, "b")).event();
}

#[test]
fn texts_over_the_limit_of_the_board_are_rejected() {
    let (mut fixture, note) = BoardFixture::with_note("0123");
    fixture.limits.board_bytes_max = 10;
    let sentence = "the board's notes would have 11 bytes; at most 10 are allowed";
    let expected = CommandResult::Rejected(Rejection::new(RejectionCode::BoardTextFull, sentence));
    assert_eq!(fixture.send(BEN, &create_note(NEW, "4567890")), expected);
    fixture.send(BEN, &create_note(NEW, "456789")).event();
    assert_eq!(fixture.send(BEN, &edit_whole(note, fixture.head(), "01234")), expected);
}

#[test]
fn shrinking_a_text_frees_bytes_for_other_texts() {
    let (mut fixture, note) = BoardFixture::with_note("0123456789");
    fixture.limits.board_bytes_max = 10;
    fixture.send(BEN, &edit_whole(note, fixture.head(), "01234")).event();
    fixture.send(BEN, &create_note(NEW, "56789")).event();
    assert_eq!(fixture.board().text_bytes, 10);
}

#[test]
fn a_text_may_shrink_on_a_board_over_a_lowered_limit() {
    let (mut fixture, note) = BoardFixture::with_note("0123456789");
    fixture.limits.board_bytes_max = 5;
    fixture.send(BEN, &edit_whole(note, fixture.head(), "01234567")).event();
    let result = fixture.send(BEN, &edit_whole(note, fixture.head(), "012345678"));
    assert_eq!(result.code(), RejectionCode::BoardTextFull);
}

#[test]
fn a_title_over_the_limit_is_rejected() {
    for (mut fixture, command) in [
        (BoardFixture::empty(), create_board as fn(&str) -> Command),
        (BoardFixture::new(), rename),
    ] {
        fixture.limits.title_bytes_max = 6;
        let sentence = "the title has 7 bytes; at most 6 are allowed";
        let expected = Rejection::new(RejectionCode::TitleTooLong, sentence);
        assert_eq!(fixture.send(ADA, &command("éclats")), CommandResult::Rejected(expected));
        fixture.send(ADA, &command(" éclat ")).event();
    }
}

#[test]
fn the_default_limits_are_the_documented_ones() {
    let limits = Limits::default();
    assert_eq!((limits.note_bytes_max, limits.notes_max), (65_536, 1_000));
    assert_eq!((limits.board_bytes_max, limits.links_max), (8_388_608, 100));
    assert_eq!(limits.title_bytes_max, 200);
}
