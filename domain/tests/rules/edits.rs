//! Editing: an edit is transformed over the edits since its base, and never rejected for being late.

use sockbit_domain::{Change, Colour, Delta, EventId, Position, Rejection, RejectionCode, Seq};
use uuid::Uuid;

use crate::fixture::{
    ADA, BEN, BoardFixture, CommandResult, create_note, edit, edit_whole, recolour, relocate, trash,
};

fn insert_at(units: u32, text: &str) -> Delta {
    Delta::new().retain(units).insert(text)
}

/// The text after Ada's and then Ben's edit, both based on the same text.
#[track_caller]
fn both_edit(text: &str, ada: Delta, ben: Delta) -> String {
    let (mut fixture, note) = BoardFixture::with_note(text);
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, ada)).event();
    fixture.send(BEN, &edit(note, base, ben)).event();
    fixture.text(note).to_owned()
}

#[track_caller]
fn assert_bad_delta(result: CommandResult, reason: &str) {
    let Rejection { code, detail } = result.rejection();
    assert_eq!(code, RejectionCode::BadDelta);
    assert_eq!(detail, format!("the delta does not fit its base: {reason}"));
}

#[test]
fn an_edit_based_on_the_head_is_applied_as_sent() {
    let (mut fixture, note) = BoardFixture::with_note("buy milk");
    let delta = Delta::new().retain(4).insert("oat ");
    let change = fixture.send(BEN, &fixture.edit_at_head(note, delta.clone())).change();
    assert_eq!(change, Change::NoteEdited { note, delta });
    assert_eq!(fixture.text(note), "buy oat milk");
}

#[test]
fn an_edit_over_a_newer_version_is_merged() {
    let text = both_edit("buy milk", insert_at(0, "please "), insert_at(8, " and bread"));
    assert_eq!(text, "please buy milk and bread");
}

#[test]
fn inserts_at_one_position_are_ordered_by_seq() {
    assert_eq!(both_edit("ab", insert_at(1, "[Ada]"), insert_at(1, "[Ben]")), "a[Ada][Ben]b");
}

#[test]
fn two_replacements_of_one_word_are_both_kept() {
    let replace = |text| Delta::new().retain(4).insert(text).delete(4);
    assert_eq!(both_edit("buy milk", replace("bread"), replace("eggs")), "buy breadeggs");
}

#[test]
fn an_insert_into_a_passage_that_another_edit_deletes_is_kept() {
    assert_eq!(both_edit("one two", Delta::new().delete(7), insert_at(4, "new ")), "new ");
    assert_eq!(both_edit("one two", insert_at(4, "new "), Delta::new().delete(7)), "new ");
}

#[test]
fn text_that_two_edits_delete_is_deleted_once() {
    let (mut fixture, note) = BoardFixture::with_note("abcd");
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, Delta::new().retain(1).delete(2))).event();
    let result = fixture.send(BEN, &edit(note, base, Delta::new().retain(1).delete(2)));
    assert_eq!(result, CommandResult::Unchanged);
    assert_eq!(fixture.text(note), "ad");
}

#[test]
fn the_event_has_the_transformed_delta() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, insert_at(0, "12"))).event();
    let change = fixture.send(BEN, &edit(note, base, insert_at(2, "!"))).change();
    assert_eq!(change, Change::NoteEdited { note, delta: insert_at(4, "!") });
}

#[test]
fn many_edits_on_one_base_are_all_merged() {
    let (mut fixture, note) = BoardFixture::with_note("-");
    let base = fixture.head();
    for number in 0..10 {
        fixture.send(BEN, &edit(note, base, insert_at(1, &number.to_string()))).event();
    }
    assert_eq!(fixture.text(note), "-0123456789");
}

#[test]
fn an_edit_is_transformed_only_over_edits_after_its_base() {
    let (mut fixture, note) = BoardFixture::with_note("-");
    fixture.send(ADA, &fixture.edit_at_head(note, insert_at(0, "seen"))).event();
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, insert_at(0, "new "))).event();
    fixture.send(BEN, &edit(note, base, insert_at(5, "!"))).event();
    assert_eq!(fixture.text(note), "new seen-!");
}

#[test]
fn edits_of_other_notes_do_not_affect_an_edit() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let other = fixture.add_note("cd");
    let base = fixture.head();
    fixture.send(ADA, &edit(other, base, insert_at(0, "long words"))).event();
    fixture.send(BEN, &edit(note, base, insert_at(1, "-"))).event();
    assert_eq!(fixture.text(note), "a-b");
}

#[test]
fn moves_colours_and_trashing_since_the_base_do_not_affect_an_edit() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let base = fixture.head();
    fixture.send(ADA, &relocate(note, "k")).event();
    fixture.send(ADA, &recolour(note, Colour::Red)).event();
    fixture.send(ADA, &trash(note)).event();
    fixture.send(BEN, &edit(note, base, insert_at(1, "-"))).event();
    assert_eq!(fixture.text(note), "a-b");
}

#[test]
fn a_base_older_than_the_note_means_its_first_text() {
    let mut fixture = BoardFixture::new();
    let base = fixture.head();
    let note = fixture.add_note("ab");
    fixture.send(ADA, &fixture.edit_at_head(note, insert_at(0, "12"))).event();
    fixture.send(BEN, &edit(note, base, insert_at(1, "-"))).event();
    assert_eq!(fixture.text(note), "12a-b");
}

#[test]
fn the_outcome_of_an_edit_that_changes_nothing_is_unchanged() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let keeps_everything = Delta::new().retain(2);
    assert_eq!(
        fixture.send(BEN, &fixture.edit_at_head(note, keeps_everything)),
        CommandResult::Unchanged
    );
}

#[test]
fn a_whole_text_is_merged_as_its_difference_from_the_base() {
    let (mut fixture, note) = BoardFixture::with_note("one two three");
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, insert_at(0, "zero "))).event();
    fixture.send(BEN, &edit_whole(note, base, "one two three four")).event();
    assert_eq!(fixture.text(note), "zero one two three four");
}

#[test]
fn a_whole_text_based_on_the_head_becomes_the_text() {
    let (mut fixture, note) = BoardFixture::with_note("one two");
    fixture.send(BEN, &edit_whole(note, fixture.head(), "quite another")).event();
    assert_eq!(fixture.text(note), "quite another");
}

#[test]
fn a_whole_text_equal_to_the_base_text_does_not_revert_later_edits() {
    let (mut fixture, note) = BoardFixture::with_note("one");
    let base = fixture.head();
    fixture.send(ADA, &edit_whole(note, base, "one two")).event();
    assert_eq!(fixture.send(BEN, &edit_whole(note, base, "one")), CommandResult::Unchanged);
    assert_eq!(fixture.text(note), "one two");
}

#[test]
fn a_whole_text_and_its_delta_cause_the_same_event() {
    let merged = |command: fn(_, _) -> _| {
        let (mut fixture, note) = BoardFixture::with_note("one two");
        let base = fixture.head();
        fixture.send(ADA, &edit(note, base, Delta::new().delete(4))).event();
        fixture.send(BEN, &command(note, base)).event()
    };
    let whole = merged(|note, base| edit_whole(note, base, "one 2 two"));
    let delta = merged(|note, base| edit(note, base, insert_at(4, "2 ")));
    assert_eq!(whole, delta);
}

#[test]
fn a_base_beyond_the_head_is_gone() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let beyond = Position { seq: fixture.head().seq.next(), ..fixture.head() };
    let result = fixture.send(BEN, &edit(note, beyond, insert_at(1, "-")));
    assert_eq!(result.code(), RejectionCode::BaseGone);
}

#[test]
fn a_base_of_another_history_is_gone() {
    let other = BoardFixture::in_history(0x0dd);
    let (mut fixture, note) = BoardFixture::with_note("ab");
    assert!(other.head().seq < fixture.head().seq, "only the event id differs");
    let result = fixture.send(BEN, &edit(note, other.head(), insert_at(1, "-")));
    assert_eq!(result.code(), RejectionCode::BaseGone);
    assert_eq!(fixture.text(note), "ab");
}

#[test]
fn a_base_before_the_first_event_is_gone() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let before = Position { seq: Seq(0), event: EventId(Uuid::nil()) };
    let result = fixture.send(BEN, &edit(note, before, insert_at(1, "-")));
    assert_eq!(result.code(), RejectionCode::BaseGone);
}

#[test]
fn a_squashed_base_is_gone() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, insert_at(2, "c"))).event();
    fixture.board_mut().bases.remove(&base.seq);
    let result = fixture.send(BEN, &edit(note, base, insert_at(1, "-")));
    assert_eq!(result.code(), RejectionCode::BaseGone);
}

#[test]
fn a_base_with_too_many_later_edits_is_gone() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let far = fixture.head();
    fixture.send(ADA, &edit(note, far, insert_at(2, "c"))).event();
    let near = fixture.head();
    fixture.board_mut().left_out.insert(note, near.seq);
    let result = fixture.send(BEN, &edit(note, far, insert_at(1, "-")));
    assert_eq!(result.code(), RejectionCode::BaseGone);
    fixture.send(BEN, &edit(note, near, insert_at(1, "-"))).event();
    assert_eq!(fixture.text(note), "a-bc");
}

#[test]
fn a_base_is_gone_for_an_edit_that_is_too_expensive_to_transform() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let base = fixture.head();
    for _ in 0..200 {
        fixture.send(ADA, &edit(note, base, insert_at(1, "c"))).event();
    }
    let everywhere = |places: usize| {
        let between = |delta: Delta| delta.retain(1).insert("-");
        (0..places).fold(Delta::new(), |delta, _| between(delta))
    };
    let result = fixture.send(BEN, &edit(note, base, everywhere(3_000)));
    assert_eq!(result.code(), RejectionCode::BaseGone);
    fixture.send(BEN, &edit(note, base, everywhere(2))).event();
}

#[test]
fn a_delta_beyond_its_base_is_bad() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let beyond = [insert_at(3, "-"), Delta::new().delete(3), Delta::new().delete(u32::MAX)];
    for delta in beyond {
        let result = fixture.send(BEN, &fixture.edit_at_head(note, delta));
        assert_bad_delta(result, "it reaches beyond the end of the text");
    }
}

#[test]
fn a_delta_beyond_its_base_is_bad_even_if_the_text_has_grown() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, insert_at(2, "cdef"))).event();
    let result = fixture.send(BEN, &edit(note, base, insert_at(3, "-")));
    assert_bad_delta(result, "it reaches beyond the end of the text");
}

#[test]
fn a_delta_that_fits_its_base_is_valid_even_if_the_text_has_shrunk() {
    let (mut fixture, note) = BoardFixture::with_note("abcdef");
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, Delta::new().delete(5))).event();
    fixture.send(BEN, &edit(note, base, insert_at(6, "-"))).event();
    assert_eq!(fixture.text(note), "f-");
}

#[test]
fn a_delta_that_splits_a_surrogate_pair_is_bad() {
    let (mut fixture, note) = BoardFixture::with_note("👧");
    for delta in [insert_at(1, "-"), Delta::new().delete(1), Delta::new().retain(1).delete(1)] {
        let result = fixture.send(BEN, &fixture.edit_at_head(note, delta));
        assert_bad_delta(result, "it cuts a surrogate pair in two");
    }
    assert_eq!(fixture.text(note), "👧");
}

#[test]
fn a_delta_that_inserts_a_control_character_is_bad() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    for text in ["\0", "\r\n", "\u{1b}[2J", "\u{7f}", "\u{85}"] {
        let result = fixture.send(BEN, &fixture.edit_at_head(note, insert_at(1, text)));
        assert_bad_delta(result, "it inserts a control character (only LF and TAB are allowed)");
    }
}

#[test]
fn line_feeds_tabs_and_all_scripts_are_valid() {
    let (mut fixture, note) = BoardFixture::with_note("");
    let text = "- [ ] milk\n\t漢字 e\u{301} 👩\u{200d}👧 עברית";
    fixture.send(BEN, &fixture.edit_at_head(note, Delta::new().insert(text))).event();
    assert_eq!(fixture.text(note), text);
}

#[test]
fn lengths_are_counted_in_utf16_units() {
    let (mut fixture, note) = BoardFixture::with_note("👧漢b");
    fixture.send(BEN, &fixture.edit_at_head(note, insert_at(3, "-"))).event();
    assert_eq!(fixture.text(note), "👧漢-b");
}

#[test]
fn the_inverse_of_an_edit_is_stored_with_its_event() {
    let (mut fixture, note) = BoardFixture::with_note("one two");
    let base = fixture.head();
    fixture.send(ADA, &edit(note, base, insert_at(0, "zero "))).event();
    fixture.send(BEN, &edit(note, base, Delta::new().retain(4).delete(3).insert("2"))).event();
    let inverse = fixture.facts.last().and_then(|fact| fact.inverse.clone()).expect("an inverse");
    let before = inverse.apply(&fixture.note(note).text).expect("the inverse fits");
    assert_eq!(before.as_str(), "zero one two");
}

#[test]
fn rejected_commands_leave_the_board_unchanged() {
    let (mut fixture, note) = BoardFixture::with_note("ab");
    let before = fixture.board().clone();
    fixture.send(BEN, &fixture.edit_at_head(note, insert_at(9, "-"))).rejection();
    fixture.send(BEN, &create_note(note, "again")).rejection();
    assert_eq!(fixture.board(), &before);
}
