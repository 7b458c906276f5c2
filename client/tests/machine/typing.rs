//! Words between the key and the log.

use sockbit_client::{BoardClient, EditError};
use sockbit_domain::{Change, Delta, DeltaError, Outcome, RejectionCode};

use crate::desk::*;

#[test]
fn typing_is_not_sent_before_it_is_flushed() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.tick(60_000);
    assert_eq!(desk.text(), "one two");
    assert!(desk.sent().is_empty());
}

#[test]
fn flushed_typing_is_one_edit_on_the_last_applied_position() {
    let mut desk = Desk::live(&["one"]);
    desk.others(6, Change::NoteTrashed { note: OTHER_NOTE });
    desk.typed(&insert(3, " two"));
    desk.typed(&insert(7, "!"));
    desk.flush();
    let (_, base, delta) = desk.edit();
    assert_eq!((base, delta), (position(6), insert(3, " two!")));
}

#[test]
fn flushing_what_was_not_changed_sends_nothing() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, "x"));
    desk.typed(&Delta::new().retain(3).delete(1));
    desk.flush();
    assert!(desk.sent().is_empty());
    assert_eq!(desk.machine.unsent(), 0);
}

#[test]
fn an_edit_by_somebody_else_is_merged_around_what_is_typed() {
    let mut desk = Desk::live(&["one two"]);
    desk.typed(&insert(7, " three"));
    desk.others(6, edited(Delta::new().insert("zero ").delete(4)));
    assert_eq!(desk.text(), "zero two three");
    assert_eq!(desk.text_changes(), [Delta::new().insert("zero ").delete(4)]);
}

#[test]
fn at_the_same_place_what_the_server_has_stands_first() {
    let mut desk = Desk::live(&[""]);
    desk.typed(&insert(0, "sent "));
    desk.flush();
    desk.typed(&insert(5, "typed"));
    desk.others(6, edited(insert(0, "theirs ")));
    assert_eq!(desk.text(), "theirs sent typed");
}

#[test]
fn an_own_event_changes_nothing_that_is_seen() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, _, delta) = desk.edit();
    desk.hear(event(6, id, edited(delta)));
    desk.hear(saved(id, 6));
    assert_eq!(desk.text(), "one two");
    assert!(desk.text_changes().is_empty());
    assert_eq!(desk.machine.unsent(), 0);
}

#[test]
fn later_typing_waits_for_the_outcome_and_for_the_events_up_to_it() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, _, delta) = desk.edit();
    desk.typed(&insert(7, " three"));
    desk.flush();
    desk.hear(saved(id, 7));
    desk.others(6, edited(insert(0, "zero ")));
    assert!(desk.sent().is_empty(), "the event at 7 is missing");
    let merged = insert(0, "zero ").transform(&delta, true);
    desk.hear(event(7, id, edited(merged)));
    let (_, base, delta) = desk.edit();
    assert_eq!((base, delta), (position(7), insert(12, " three")));
}

#[test]
fn an_event_is_no_outcome() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, _, delta) = desk.edit();
    desk.hear(event(6, id, edited(delta)));
    assert_eq!(desk.machine.unsent(), 1);
    desk.hear(saved(id, 6));
    assert_eq!(desk.machine.unsent(), 0);
}

#[test]
fn an_own_event_with_another_delta_still_leads_to_the_server_s_text() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.typed(&insert(7, "!"));
    desk.hear(event(6, id, edited(insert(3, " deux"))));
    assert_eq!(desk.text(), "one deux!");
}

#[test]
fn an_edit_that_changed_nothing_is_done() {
    let mut desk = Desk::live(&["one two"]);
    desk.typed(&Delta::new().delete(4));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.others(6, edited(Delta::new().delete(4)));
    desk.hear(outcome(id, Outcome::Unchanged { position: position(6) }));
    assert_eq!((desk.text().as_str(), desk.machine.unsent()), ("two", 0));
}

#[test]
fn a_rejected_edit_returns_the_note_and_keeps_the_words_as_a_draft() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.typed(&insert(7, " three"));
    desk.hear(rejected(id, RejectionCode::TextTooLong));
    assert_eq!(desk.text(), "one");
    assert_eq!(desk.drafts(), [("text_too_long", "one two three")]);
    assert_eq!(desk.text_changes(), [Delta::new().retain(3).delete(10)]);
    assert!(desk.sent().is_empty(), "a draft is never sent by itself");
}

#[test]
fn an_edit_that_is_too_long_for_this_server_becomes_a_draft_and_is_not_sent_again() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    desk.sent();
    desk.with(BoardClient::too_long);
    assert_eq!(desk.drafts(), [("text_too_long", "one two")]);
    desk.reconnect();
    desk.hear(joined(5));
    assert!(desk.commands().is_empty());
}

#[test]
fn what_is_not_in_the_air_was_not_too_long() {
    let mut desk = Desk::live(&["one"]);
    desk.machine.disconnected();
    desk.typed(&insert(3, " two"));
    desk.flush();
    desk.with(BoardClient::too_long);
    assert_eq!((desk.drafts().len(), desk.machine.unsent()), (0, 1));
}

#[test]
fn an_edit_whose_base_is_gone_is_made_anew_under_another_id() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.others(6, edited(insert(0, "zero ")));
    desk.hear(rejected(id, RejectionCode::BaseGone));
    let (new_id, base, delta) = desk.edit();
    assert_ne!(new_id, id);
    assert_eq!((base, delta), (position(6), insert(8, " two")));
    assert!(desk.drafts().is_empty());
}

#[test]
fn a_position_that_the_server_does_not_know_any_more_is_joined_anew() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.hear(rejected(id, RejectionCode::BaseGone));
    desk.pull(9, &["one and a half"]);
    desk.hear(joined(9));
    let (_, base, delta) = desk.edit();
    assert_eq!((base, delta), (position(9), insert(14, " two")));
    assert_eq!(desk.text(), "one and a half two");
}

#[test]
fn one_event_for_several_may_contain_what_is_in_flight() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.typed(&insert(7, " three"));
    desk.hear(range(6, 8, SOMEBODY, edited(Delta::new().insert("zero ").retain(3).insert(" two"))));
    assert_eq!(desk.text(), "one two three", "until the outcome tells");
    desk.hear(saved(id, 7));
    assert_eq!(desk.text(), "zero one two three");
}

#[test]
fn words_in_a_note_that_is_deleted_for_good_become_a_draft() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.others(6, Change::NoteDeleted { note: NOTE });
    assert_eq!(desk.drafts(), [("note_gone", "one two")]);
    assert!(desk.machine.notes().is_empty());
}

#[test]
fn words_that_fit_no_frame_become_a_draft() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, &"x".repeat(300_000)));
    desk.flush();
    assert!(desk.sent().is_empty());
    assert_eq!(desk.drafts().len(), 1);
    assert_eq!(desk.text(), "one");
}

#[test]
fn typing_that_does_not_fit_what_is_shown_is_an_error() {
    let mut desk = Desk::live(&["one"]);
    let error = desk.machine.edit(NOTE, &insert(4, "x"));
    assert_eq!(error, Err(EditError::Delta(DeltaError::BeyondEnd)));
    let error = desk.machine.edit(OTHER_NOTE, &insert(0, "x"));
    assert_eq!(error, Err(EditError::NoSuchNote(OTHER_NOTE)));
    assert_eq!(desk.machine.saved(), None);
}

#[test]
fn one_event_for_several_with_the_own_id_is_the_own_event_and_more() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.hear(range(6, 7, id, edited(Delta::new().insert("zero ").retain(3).insert(" two"))));
    assert_eq!(desk.text(), "zero one two");
    assert_eq!(desk.machine.disagreements(), 0);
}

#[test]
fn typing_that_waits_to_be_sent_is_flushed_once() {
    let mut desk = Desk::live(&["one"]);
    desk.machine.disconnected();
    for at in 3..6 {
        desk.typed(&insert(at, "!"));
        desk.flush();
    }
    assert_eq!(desk.machine.saved().map(|saved| saved.outbox.len()), Some(1));
}
