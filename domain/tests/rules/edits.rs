//! Editing: a change of a text is merged over what happened since its base, never refused for being late.

use sockbit_domain::{Change, Colour, Delta, EventId, Position, Rejection, RejectionCode, Seq};
use uuid::Uuid;

use crate::support::{
    ADA, BEN, Heard, Scene, create_note, edit, edit_whole, recolour, relocate, trash,
};

fn insert_at(units: u32, text: &str) -> Delta {
    Delta::new().retain(units).insert(text)
}

/// Ada's change and then Ben's, both made on the same text.
#[track_caller]
fn both_edit(text: &str, ada: Delta, ben: Delta) -> String {
    let (mut scene, note) = Scene::with_note(text);
    let base = scene.head();
    scene.send(ADA, &edit(note, base, ada)).event();
    scene.send(BEN, &edit(note, base, ben)).event();
    scene.text(note).to_owned()
}

#[track_caller]
fn rejected_as_bad(heard: Heard, reason: &str) {
    let Rejection { code, detail } = heard.rejection();
    assert_eq!(code, RejectionCode::BadDelta);
    assert_eq!(detail, format!("the delta does not fit its base: {reason}"));
}

#[test]
fn an_edit_at_the_head_changes_the_text_as_it_says() {
    let (mut scene, note) = Scene::with_note("buy milk");
    let delta = Delta::new().retain(4).insert("oat ");
    let change = scene.send(BEN, &scene.edit_at_head(note, delta.clone())).change();
    assert_eq!(change, Change::NoteEdited { note, delta });
    assert_eq!(scene.text(note), "buy oat milk");
}

#[test]
fn an_edit_over_a_newer_version_is_merged() {
    let text = both_edit("buy milk", insert_at(0, "please "), insert_at(8, " and bread"));
    assert_eq!(text, "please buy milk and bread");
}

#[test]
fn two_who_insert_at_one_place_stand_in_the_order_of_their_seq() {
    assert_eq!(both_edit("ab", insert_at(1, "[Ada]"), insert_at(1, "[Ben]")), "a[Ada][Ben]b");
}

#[test]
fn two_who_replace_one_word_both_keep_theirs() {
    let replace = |text| Delta::new().retain(4).insert(text).delete(4);
    assert_eq!(both_edit("buy milk", replace("bread"), replace("eggs")), "buy breadeggs");
}

#[test]
fn what_is_written_into_a_passage_that_another_deletes_stays() {
    assert_eq!(both_edit("one two", Delta::new().delete(7), insert_at(4, "new ")), "new ");
    assert_eq!(both_edit("one two", insert_at(4, "new "), Delta::new().delete(7)), "new ");
}

#[test]
fn what_two_delete_is_deleted_once() {
    let (mut scene, note) = Scene::with_note("abcd");
    let base = scene.head();
    scene.send(ADA, &edit(note, base, Delta::new().retain(1).delete(2))).event();
    let heard = scene.send(BEN, &edit(note, base, Delta::new().retain(1).delete(2)));
    assert_eq!(heard, Heard::Unchanged);
    assert_eq!(scene.text(note), "ad");
}

#[test]
fn the_event_holds_the_change_as_it_was_merged() {
    let (mut scene, note) = Scene::with_note("ab");
    let base = scene.head();
    scene.send(ADA, &edit(note, base, insert_at(0, "12"))).event();
    let change = scene.send(BEN, &edit(note, base, insert_at(2, "!"))).change();
    assert_eq!(change, Change::NoteEdited { note, delta: insert_at(4, "!") });
}

#[test]
fn many_edits_on_one_base_are_all_merged() {
    let (mut scene, note) = Scene::with_note("-");
    let base = scene.head();
    for number in 0..10 {
        scene.send(BEN, &edit(note, base, insert_at(1, &number.to_string()))).event();
    }
    assert_eq!(scene.text(note), "-0123456789");
}

#[test]
fn an_edit_is_merged_only_over_what_came_after_its_base() {
    let (mut scene, note) = Scene::with_note("-");
    scene.send(ADA, &scene.edit_at_head(note, insert_at(0, "seen"))).event();
    let base = scene.head();
    scene.send(ADA, &edit(note, base, insert_at(0, "new "))).event();
    scene.send(BEN, &edit(note, base, insert_at(5, "!"))).event();
    assert_eq!(scene.text(note), "new seen-!");
}

#[test]
fn what_happens_to_other_notes_moves_nothing_in_this_one() {
    let (mut scene, note) = Scene::with_note("ab");
    let other = scene.add_note("cd");
    let base = scene.head();
    scene.send(ADA, &edit(other, base, insert_at(0, "long words"))).event();
    scene.send(BEN, &edit(note, base, insert_at(1, "-"))).event();
    assert_eq!(scene.text(note), "a-b");
}

#[test]
fn moves_and_colours_since_the_base_do_not_matter_to_a_text() {
    let (mut scene, note) = Scene::with_note("ab");
    let base = scene.head();
    scene.send(ADA, &relocate(note, "k")).event();
    scene.send(ADA, &recolour(note, Colour::Red)).event();
    scene.send(ADA, &trash(note)).event();
    scene.send(BEN, &edit(note, base, insert_at(1, "-"))).event();
    assert_eq!(scene.text(note), "a-b");
}

#[test]
fn a_base_older_than_the_note_stands_for_its_first_text() {
    let mut scene = Scene::new();
    let base = scene.head();
    let note = scene.add_note("ab");
    scene.send(ADA, &scene.edit_at_head(note, insert_at(0, "12"))).event();
    scene.send(BEN, &edit(note, base, insert_at(1, "-"))).event();
    assert_eq!(scene.text(note), "12a-b");
}

#[test]
fn an_edit_that_changes_nothing_is_unchanged() {
    let (mut scene, note) = Scene::with_note("ab");
    let keeps_everything = Delta::new().retain(2);
    assert_eq!(scene.send(BEN, &scene.edit_at_head(note, keeps_everything)), Heard::Unchanged);
}

#[test]
fn a_whole_text_is_merged_as_the_change_from_its_base() {
    let (mut scene, note) = Scene::with_note("one two three");
    let base = scene.head();
    scene.send(ADA, &edit(note, base, insert_at(0, "zero "))).event();
    scene.send(BEN, &edit_whole(note, base, "one two three four")).event();
    assert_eq!(scene.text(note), "zero one two three four");
}

#[test]
fn a_whole_text_at_the_head_is_the_text_from_then_on() {
    let (mut scene, note) = Scene::with_note("one two");
    scene.send(BEN, &edit_whole(note, scene.head(), "quite another")).event();
    assert_eq!(scene.text(note), "quite another");
}

#[test]
fn a_whole_text_that_is_the_bases_takes_nothing_back() {
    let (mut scene, note) = Scene::with_note("one");
    let base = scene.head();
    scene.send(ADA, &edit_whole(note, base, "one two")).event();
    assert_eq!(scene.send(BEN, &edit_whole(note, base, "one")), Heard::Unchanged);
    assert_eq!(scene.text(note), "one two");
}

#[test]
fn a_whole_text_and_its_delta_make_the_same_event() {
    let merged = |command: fn(_, _) -> _| {
        let (mut scene, note) = Scene::with_note("one two");
        let base = scene.head();
        scene.send(ADA, &edit(note, base, Delta::new().delete(4))).event();
        scene.send(BEN, &command(note, base)).event()
    };
    let whole = merged(|note, base| edit_whole(note, base, "one 2 two"));
    let delta = merged(|note, base| edit(note, base, insert_at(4, "2 ")));
    assert_eq!(whole, delta);
}

#[test]
fn a_base_beyond_the_head_is_gone() {
    let (mut scene, note) = Scene::with_note("ab");
    let beyond = Position { seq: scene.head().seq.next(), ..scene.head() };
    let heard = scene.send(BEN, &edit(note, beyond, insert_at(1, "-")));
    assert_eq!(heard.code(), RejectionCode::BaseGone);
}

#[test]
fn a_base_of_another_history_is_gone() {
    let other = Scene::in_history(0x0dd);
    let (mut scene, note) = Scene::with_note("ab");
    assert!(other.head().seq < scene.head().seq, "the number alone would fit");
    let heard = scene.send(BEN, &edit(note, other.head(), insert_at(1, "-")));
    assert_eq!(heard.code(), RejectionCode::BaseGone);
    assert_eq!(scene.text(note), "ab");
}

#[test]
fn a_base_before_the_first_event_is_gone() {
    let (mut scene, note) = Scene::with_note("ab");
    let before = Position { seq: Seq(0), event: EventId(Uuid::nil()) };
    let heard = scene.send(BEN, &edit(note, before, insert_at(1, "-")));
    assert_eq!(heard.code(), RejectionCode::BaseGone);
}

#[test]
fn a_base_that_was_squashed_away_is_gone() {
    let (mut scene, note) = Scene::with_note("ab");
    let base = scene.head();
    scene.send(ADA, &edit(note, base, insert_at(2, "c"))).event();
    scene.board_mut().bases.remove(&base.seq);
    let heard = scene.send(BEN, &edit(note, base, insert_at(1, "-")));
    assert_eq!(heard.code(), RejectionCode::BaseGone);
}

#[test]
fn a_base_that_too_many_edits_followed_is_gone() {
    let (mut scene, note) = Scene::with_note("ab");
    let far = scene.head();
    scene.send(ADA, &edit(note, far, insert_at(2, "c"))).event();
    let near = scene.head();
    scene.board_mut().left_out.insert(note, near.seq);
    let heard = scene.send(BEN, &edit(note, far, insert_at(1, "-")));
    assert_eq!(heard.code(), RejectionCode::BaseGone);
    scene.send(BEN, &edit(note, near, insert_at(1, "-"))).event();
    assert_eq!(scene.text(note), "a-bc");
}

#[test]
fn a_base_is_gone_for_a_change_that_would_take_long_to_merge() {
    let (mut scene, note) = Scene::with_note("ab");
    let base = scene.head();
    for _ in 0..200 {
        scene.send(ADA, &edit(note, base, insert_at(1, "c"))).event();
    }
    let everywhere = |places: usize| {
        let between = |delta: Delta| delta.retain(1).insert("-");
        (0..places).fold(Delta::new(), |delta, _| between(delta))
    };
    let heard = scene.send(BEN, &edit(note, base, everywhere(3_000)));
    assert_eq!(heard.code(), RejectionCode::BaseGone);
    scene.send(BEN, &edit(note, base, everywhere(2))).event();
}

#[test]
fn a_delta_beyond_its_base_is_bad() {
    let (mut scene, note) = Scene::with_note("ab");
    let beyond = [insert_at(3, "-"), Delta::new().delete(3), Delta::new().delete(u32::MAX)];
    for delta in beyond {
        let heard = scene.send(BEN, &scene.edit_at_head(note, delta));
        rejected_as_bad(heard, "it reaches beyond the end of the text");
    }
}

#[test]
fn a_delta_beyond_its_base_is_bad_even_where_the_text_has_grown() {
    let (mut scene, note) = Scene::with_note("ab");
    let base = scene.head();
    scene.send(ADA, &edit(note, base, insert_at(2, "cdef"))).event();
    let heard = scene.send(BEN, &edit(note, base, insert_at(3, "-")));
    rejected_as_bad(heard, "it reaches beyond the end of the text");
}

#[test]
fn a_delta_that_fits_its_base_is_good_even_where_the_text_has_shrunk() {
    let (mut scene, note) = Scene::with_note("abcdef");
    let base = scene.head();
    scene.send(ADA, &edit(note, base, Delta::new().delete(5))).event();
    scene.send(BEN, &edit(note, base, insert_at(6, "-"))).event();
    assert_eq!(scene.text(note), "f-");
}

#[test]
fn a_delta_that_cuts_a_surrogate_pair_is_bad() {
    let (mut scene, note) = Scene::with_note("👧");
    for delta in [insert_at(1, "-"), Delta::new().delete(1), Delta::new().retain(1).delete(1)] {
        let heard = scene.send(BEN, &scene.edit_at_head(note, delta));
        rejected_as_bad(heard, "it cuts a surrogate pair in two");
    }
    assert_eq!(scene.text(note), "👧");
}

#[test]
fn a_delta_that_inserts_a_control_character_is_bad() {
    let (mut scene, note) = Scene::with_note("ab");
    for text in ["\0", "\r\n", "\u{1b}[2J", "\u{7f}", "\u{85}"] {
        let heard = scene.send(BEN, &scene.edit_at_head(note, insert_at(1, text)));
        rejected_as_bad(heard, "it inserts a control character (only LF and TAB are allowed)");
    }
}

#[test]
fn lines_tabs_and_every_script_are_good() {
    let (mut scene, note) = Scene::with_note("");
    let text = "- [ ] milk\n\t漢字 e\u{301} 👩\u{200d}👧 עברית";
    scene.send(BEN, &scene.edit_at_head(note, Delta::new().insert(text))).event();
    assert_eq!(scene.text(note), text);
}

#[test]
fn places_are_counted_in_utf16_units() {
    let (mut scene, note) = Scene::with_note("👧漢b");
    scene.send(BEN, &scene.edit_at_head(note, insert_at(3, "-"))).event();
    assert_eq!(scene.text(note), "👧漢-b");
}

#[test]
fn what_takes_an_edit_back_is_stored_beside_it() {
    let (mut scene, note) = Scene::with_note("one two");
    let base = scene.head();
    scene.send(ADA, &edit(note, base, insert_at(0, "zero "))).event();
    scene.send(BEN, &edit(note, base, Delta::new().retain(4).delete(3).insert("2"))).event();
    let inverse = scene.facts.last().and_then(|fact| fact.inverse.clone()).expect("an inverse");
    let before = inverse.apply(&scene.note(note).text).expect("it fits");
    assert_eq!(before.as_str(), "zero one two");
}

#[test]
fn a_rejected_edit_leaves_the_board_as_it_was() {
    let (mut scene, note) = Scene::with_note("ab");
    let before = scene.board().clone();
    scene.send(BEN, &scene.edit_at_head(note, insert_at(9, "-"))).rejection();
    scene.send(BEN, &create_note(note, "again")).rejection();
    assert_eq!(scene.board(), &before);
}
