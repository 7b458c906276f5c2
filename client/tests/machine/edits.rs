//! Words between the key and the log.

use sockbit_client::{BoardClient, EditError};
use sockbit_domain::{Change, Delta, DeltaError, Outcome, RejectionCode};

use crate::fixture::*;

#[test]
fn typing_is_not_sent_before_it_is_flushed() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.tick(60_000);
    assert_eq!(fixture.text(), "one two");
    assert!(fixture.sent().is_empty());
}

#[test]
fn flushed_typing_is_one_edit_on_the_last_applied_position() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.others(6, Change::NoteTrashed { note: OTHER_NOTE });
    fixture.typed(&insert(3, " two"));
    fixture.typed(&insert(7, "!"));
    fixture.flush();
    let (_, base, delta) = fixture.edit();
    assert_eq!((base, delta), (position(6), insert(3, " two!")));
}

#[test]
fn flushing_what_was_not_changed_sends_nothing() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, "x"));
    fixture.typed(&Delta::new().retain(3).delete(1));
    fixture.flush();
    assert!(fixture.sent().is_empty());
    assert_eq!(fixture.machine.unsent_count(), 0);
}

#[test]
fn an_edit_by_somebody_else_is_merged_around_what_is_typed() {
    let mut fixture = Fixture::live(&["one two"]);
    fixture.typed(&insert(7, " three"));
    fixture.others(6, edited(Delta::new().insert("zero ").delete(4)));
    assert_eq!(fixture.text(), "zero two three");
    assert_eq!(fixture.text_changes(), [Delta::new().insert("zero ").delete(4)]);
}

#[test]
fn at_the_same_place_what_the_server_has_stands_first() {
    let mut fixture = Fixture::live(&[""]);
    fixture.typed(&insert(0, "sent "));
    fixture.flush();
    fixture.typed(&insert(5, "typed"));
    fixture.others(6, edited(insert(0, "theirs ")));
    assert_eq!(fixture.text(), "theirs sent typed");
}

#[test]
fn an_own_event_changes_nothing_that_is_seen() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, _, delta) = fixture.edit();
    fixture.hear(event(6, id, edited(delta)));
    fixture.hear(saved(id, 6));
    assert_eq!(fixture.text(), "one two");
    assert!(fixture.text_changes().is_empty());
    assert_eq!(fixture.machine.unsent_count(), 0);
}

#[test]
fn later_typing_waits_for_the_outcome_and_for_the_events_up_to_it() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, _, delta) = fixture.edit();
    fixture.typed(&insert(7, " three"));
    fixture.flush();
    fixture.hear(saved(id, 7));
    fixture.others(6, edited(insert(0, "zero ")));
    assert!(fixture.sent().is_empty(), "the event at 7 is missing");
    let merged = insert(0, "zero ").transform(&delta, true);
    fixture.hear(event(7, id, edited(merged)));
    let (_, base, delta) = fixture.edit();
    assert_eq!((base, delta), (position(7), insert(12, " three")));
}

#[test]
fn an_event_is_no_outcome() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, _, delta) = fixture.edit();
    fixture.hear(event(6, id, edited(delta)));
    assert_eq!(fixture.machine.unsent_count(), 1);
    fixture.hear(saved(id, 6));
    assert_eq!(fixture.machine.unsent_count(), 0);
}

#[test]
fn an_own_event_with_another_delta_still_leads_to_the_server_s_text() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.typed(&insert(7, "!"));
    fixture.hear(event(6, id, edited(insert(3, " deux"))));
    assert_eq!(fixture.text(), "one deux!");
}

#[test]
fn an_edit_that_changed_nothing_is_done() {
    let mut fixture = Fixture::live(&["one two"]);
    fixture.typed(&Delta::new().delete(4));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.others(6, edited(Delta::new().delete(4)));
    fixture.hear(outcome(id, Outcome::Unchanged { position: position(6) }));
    assert_eq!((fixture.text().as_str(), fixture.machine.unsent_count()), ("two", 0));
}

#[test]
fn a_rejected_edit_returns_the_note_and_keeps_the_words_as_a_draft() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.typed(&insert(7, " three"));
    fixture.hear(rejected(id, RejectionCode::TextTooLong));
    assert_eq!(fixture.text(), "one");
    assert_eq!(fixture.drafts(), [("text_too_long", "one two three")]);
    assert_eq!(fixture.text_changes(), [Delta::new().retain(3).delete(10)]);
    assert!(fixture.sent().is_empty(), "a draft is never sent by itself");
}

#[test]
fn an_edit_that_is_too_long_for_this_server_becomes_a_draft_and_is_not_sent_again() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    fixture.sent();
    fixture.with(BoardClient::too_long);
    assert_eq!(fixture.drafts(), [("text_too_long", "one two")]);
    fixture.reconnect();
    fixture.hear(joined(5));
    assert!(fixture.commands().is_empty());
}

#[test]
fn what_is_not_in_the_air_was_not_too_long() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.machine.disconnected();
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    fixture.with(BoardClient::too_long);
    assert_eq!((fixture.drafts().len(), fixture.machine.unsent_count()), (0, 1));
}

#[test]
fn an_edit_whose_base_is_gone_is_made_anew_under_another_id() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.others(6, edited(insert(0, "zero ")));
    fixture.hear(rejected(id, RejectionCode::BaseGone));
    let (new_id, base, delta) = fixture.edit();
    assert_ne!(new_id, id);
    assert_eq!((base, delta), (position(6), insert(8, " two")));
    assert!(fixture.drafts().is_empty());
}

#[test]
fn a_position_that_the_server_does_not_know_any_more_is_joined_anew() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.hear(rejected(id, RejectionCode::BaseGone));
    fixture.pull(9, &["one and a half"]);
    fixture.hear(joined(9));
    let (_, base, delta) = fixture.edit();
    assert_eq!((base, delta), (position(9), insert(14, " two")));
    assert_eq!(fixture.text(), "one and a half two");
}

#[test]
fn one_event_for_several_may_contain_what_is_in_flight() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.typed(&insert(7, " three"));
    fixture.hear(range(
        6,
        8,
        SOMEBODY,
        edited(Delta::new().insert("zero ").retain(3).insert(" two")),
    ));
    assert_eq!(fixture.text(), "one two three", "until the outcome tells");
    fixture.hear(saved(id, 7));
    assert_eq!(fixture.text(), "zero one two three");
}

#[test]
fn words_in_a_note_that_is_deleted_for_good_become_a_draft() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.others(6, Change::NoteDeleted { note: NOTE });
    assert_eq!(fixture.drafts(), [("note_gone", "one two")]);
    assert!(fixture.machine.notes().is_empty());
}

#[test]
fn words_that_fit_no_frame_become_a_draft() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, &"x".repeat(300_000)));
    fixture.flush();
    assert!(fixture.sent().is_empty());
    assert_eq!(fixture.drafts().len(), 1);
    assert_eq!(fixture.text(), "one");
}

#[test]
fn typing_that_does_not_fit_what_is_shown_is_an_error() {
    let mut fixture = Fixture::live(&["one"]);
    let error = fixture.machine.edit(NOTE, &insert(4, "x"));
    assert_eq!(error, Err(EditError::Delta(DeltaError::BeyondEnd)));
    let error = fixture.machine.edit(OTHER_NOTE, &insert(0, "x"));
    assert_eq!(error, Err(EditError::NoSuchNote(OTHER_NOTE)));
    assert_eq!(fixture.machine.unsent_state(), None);
}

#[test]
fn one_event_for_several_with_the_own_id_is_the_own_event_and_more() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.hear(range(6, 7, id, edited(Delta::new().insert("zero ").retain(3).insert(" two"))));
    assert_eq!(fixture.text(), "zero one two");
    assert_eq!(fixture.machine.merge_mismatches(), 0);
}

#[test]
fn typing_that_waits_to_be_sent_is_flushed_once() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.machine.disconnected();
    for at in 3..6 {
        fixture.typed(&insert(at, "!"));
        fixture.flush();
    }
    assert_eq!(fixture.machine.unsent_state().map(|saved| saved.outbox.len()), Some(1));
}
