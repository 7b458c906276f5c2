//! Edits: from typing to the outcome.

use sockbit_client::{BoardClient, EditError};
use sockbit_domain::{Change, Delta, DeltaError, Outcome, RejectionCode};

use crate::fixture::*;

#[test]
fn an_edit_is_not_sent_before_it_is_flushed() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.tick(60_000);
    assert_eq!(fixture.text(), "one two");
    assert!(fixture.sent().is_empty());
}

#[test]
fn flushed_edits_are_sent_as_one_command_on_the_applied_position() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.remote_event(6, Change::NoteTrashed { note: OTHER_NOTE });
    fixture.edit(&insert(3, " two"));
    fixture.edit(&insert(7, "!"));
    fixture.flush();
    let (_, base, delta) = fixture.sent_edit();
    assert_eq!((base, delta), (position(6), insert(3, " two!")));
}

#[test]
fn flushing_an_unchanged_text_sends_nothing() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, "x"));
    fixture.edit(&Delta::new().retain(3).delete(1));
    fixture.flush();
    assert!(fixture.sent().is_empty());
    assert_eq!(fixture.machine.unsent_count(), 0);
}

#[test]
fn a_remote_edit_is_merged_with_local_changes() {
    let mut fixture = Fixture::live(&["one two"]);
    fixture.edit(&insert(7, " three"));
    fixture.remote_event(6, edited(Delta::new().insert("zero ").delete(4)));
    assert_eq!(fixture.text(), "zero two three");
    assert_eq!(fixture.text_changes(), [Delta::new().insert("zero ").delete(4)]);
}

#[test]
fn at_the_same_place_the_servers_insert_is_first() {
    let mut fixture = Fixture::live(&[""]);
    fixture.edit(&insert(0, "sent "));
    fixture.flush();
    fixture.edit(&insert(5, "typed"));
    fixture.remote_event(6, edited(insert(0, "theirs ")));
    assert_eq!(fixture.text(), "theirs sent typed");
}

#[test]
fn an_own_event_does_not_change_the_shown_text() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, _, delta) = fixture.sent_edit();
    fixture.receive(event(6, id, edited(delta)));
    fixture.receive(saved(id, 6));
    assert_eq!(fixture.text(), "one two");
    assert!(fixture.text_changes().is_empty());
    assert_eq!(fixture.machine.unsent_count(), 0);
}

#[test]
fn a_later_edit_is_sent_after_the_outcome_and_all_events_up_to_it() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, _, delta) = fixture.sent_edit();
    fixture.edit(&insert(7, " three"));
    fixture.flush();
    fixture.receive(saved(id, 7));
    fixture.remote_event(6, edited(insert(0, "zero ")));
    assert!(fixture.sent().is_empty(), "the event at 7 is missing");
    let merged = insert(0, "zero ").transform(&delta, true);
    fixture.receive(event(7, id, edited(merged)));
    let (_, base, delta) = fixture.sent_edit();
    assert_eq!((base, delta), (position(7), insert(12, " three")));
}

#[test]
fn an_event_does_not_replace_the_outcome() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, _, delta) = fixture.sent_edit();
    fixture.receive(event(6, id, edited(delta)));
    assert_eq!(fixture.machine.unsent_count(), 1);
    fixture.receive(saved(id, 6));
    assert_eq!(fixture.machine.unsent_count(), 0);
}

#[test]
fn an_own_event_with_another_delta_leads_to_the_servers_text() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.edit(&insert(7, "!"));
    fixture.receive(event(6, id, edited(insert(3, " deux"))));
    assert_eq!(fixture.text(), "one deux!");
}

#[test]
fn an_unchanged_edit_is_done() {
    let mut fixture = Fixture::live(&["one two"]);
    fixture.edit(&Delta::new().delete(4));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.remote_event(6, edited(Delta::new().delete(4)));
    fixture.receive(outcome(id, Outcome::Unchanged { position: position(6) }));
    assert_eq!((fixture.text().as_str(), fixture.machine.unsent_count()), ("two", 0));
}

#[test]
fn a_rejected_edit_becomes_a_draft_and_the_servers_text_is_shown() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.edit(&insert(7, " three"));
    fixture.receive(rejected(id, RejectionCode::TextTooLong));
    assert_eq!(fixture.text(), "one");
    assert_eq!(fixture.drafts(), [("text_too_long", "one two three")]);
    assert_eq!(fixture.text_changes(), [Delta::new().retain(3).delete(10)]);
    assert!(fixture.sent().is_empty(), "a draft is not sent");
}

#[test]
fn an_edit_that_is_too_long_for_this_server_becomes_a_draft_and_is_not_resent() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    fixture.sent();
    fixture.with(BoardClient::too_long);
    assert_eq!(fixture.drafts(), [("text_too_long", "one two")]);
    fixture.reconnect();
    fixture.receive(joined(5));
    assert!(fixture.sent_commands().is_empty());
}

#[test]
fn a_command_that_was_not_sent_is_not_rejected_as_too_long() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.machine.disconnected();
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    fixture.with(BoardClient::too_long);
    assert_eq!((fixture.drafts().len(), fixture.machine.unsent_count()), (0, 1));
}

#[test]
fn an_edit_whose_base_is_gone_is_rebased_and_sent_under_another_id() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.remote_event(6, edited(insert(0, "zero ")));
    fixture.receive(rejected(id, RejectionCode::BaseGone));
    let (new_id, base, delta) = fixture.sent_edit();
    assert_ne!(new_id, id);
    assert_eq!((base, delta), (position(6), insert(8, " two")));
    assert!(fixture.drafts().is_empty());
}

#[test]
fn the_board_is_pulled_when_the_server_no_longer_knows_its_position() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.receive(rejected(id, RejectionCode::BaseGone));
    fixture.pull(9, &["one and a half"]);
    fixture.receive(joined(9));
    let (_, base, delta) = fixture.sent_edit();
    assert_eq!((base, delta), (position(9), insert(14, " two")));
    assert_eq!(fixture.text(), "one and a half two");
}

#[test]
fn a_squashed_event_may_contain_the_edit_in_flight() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.edit(&insert(7, " three"));
    fixture.receive(range(
        6,
        8,
        REMOTE_MESSAGE,
        edited(Delta::new().insert("zero ").retain(3).insert(" two")),
    ));
    assert_eq!(fixture.text(), "one two three", "until the outcome");
    fixture.receive(saved(id, 7));
    assert_eq!(fixture.text(), "zero one two three");
}

#[test]
fn local_text_of_a_permanently_deleted_note_becomes_a_draft() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.remote_event(6, Change::NoteDeleted { note: NOTE });
    assert_eq!(fixture.drafts(), [("note_gone", "one two")]);
    assert!(fixture.machine.notes().is_empty());
}

#[test]
fn an_edit_longer_than_a_frame_becomes_a_draft() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, &"x".repeat(300_000)));
    fixture.flush();
    assert!(fixture.sent().is_empty());
    assert_eq!(fixture.drafts().len(), 1);
    assert_eq!(fixture.text(), "one");
}

#[test]
fn an_edit_that_does_not_fit_the_shown_text_is_an_error() {
    let mut fixture = Fixture::live(&["one"]);
    let error = fixture.machine.edit(NOTE, &insert(4, "x"));
    assert_eq!(error, Err(EditError::Delta(DeltaError::BeyondEnd)));
    let error = fixture.machine.edit(OTHER_NOTE, &insert(0, "x"));
    assert_eq!(error, Err(EditError::NoSuchNote(OTHER_NOTE)));
    assert_eq!(fixture.machine.persisted_state(), None);
}

#[test]
fn a_squashed_event_with_the_own_id_acknowledges_the_edit() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.receive(range(6, 7, id, edited(Delta::new().insert("zero ").retain(3).insert(" two"))));
    assert_eq!(fixture.text(), "zero one two");
    assert_eq!(fixture.machine.merge_mismatches(), 0);
}

#[test]
fn a_queued_edit_is_queued_once() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.machine.disconnected();
    for at in 3..6 {
        fixture.edit(&insert(at, "!"));
        fixture.flush();
    }
    assert_eq!(fixture.machine.persisted_state().map(|saved| saved.outbox.len()), Some(1));
}
