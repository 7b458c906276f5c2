//! Unsent and unconfirmed edits after a reconnection, a snapshot or a restored backup.

use sockbit_domain::{Change, Command, RejectionCode};

use crate::fixture::*;

#[test]
fn commands_are_sent_after_all_events_up_to_the_joined_head() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.machine.disconnected();
    fixture.edit(&insert(3, "!"));
    fixture.flush();
    fixture.connect();
    fixture.receive(joined(6));
    assert!(fixture.sent_commands().is_empty());
    fixture.remote_event(6, edited(insert(0, "x")));
    let (_, base, delta) = fixture.sent_edit();
    assert_eq!((base, delta), (position(6), insert(4, "!")));
}

#[test]
fn a_command_without_an_outcome_is_resent_over_the_next_connection() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, "!"));
    fixture.flush();
    let (id, base, delta) = fixture.sent_edit();
    fixture.reconnect();
    fixture.receive(joined(6));
    fixture.remote_event(6, edited(insert(0, "x")));
    assert_eq!(fixture.sent_edit(), (id, base, delta));
}

#[test]
fn local_text_is_rebased_onto_a_snapshot() {
    let mut fixture = Fixture::live(&["one two"]);
    fixture.edit(&insert(7, " three"));
    fixture.reconnect();
    fixture.pull(9, &["1 two"]);
    assert_eq!(fixture.text(), "1 two three");
}

#[test]
fn an_edit_in_flight_is_shown_unchanged_after_a_snapshot_until_its_outcome() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.edit(&insert(7, " three"));
    fixture.reconnect();
    fixture.pull(9, &["zero one two"]);
    assert_eq!(fixture.text(), "one two three", "until the outcome");
    fixture.receive(joined(9));
    assert_eq!(fixture.sent_command().id, id);
    fixture.receive(saved(id, 7));
    assert_eq!(fixture.text(), "zero one two three");
}

#[test]
fn an_edit_that_never_arrived_is_sent_under_another_id_after_a_snapshot() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.reconnect();
    fixture.pull(9, &["zero one"]);
    fixture.receive(joined(9));
    fixture.sent();
    fixture.receive(rejected(id, RejectionCode::BaseGone));
    let (new_id, base, delta) = fixture.sent_edit();
    assert_ne!(new_id, id);
    assert_eq!((base, delta), (position(9), insert(8, " two")));
}

#[test]
fn an_outcome_from_before_a_snapshot_is_requested_again() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.receive(saved(id, 8));
    fixture.reconnect();
    fixture.pull(9, &["one"]);
    fixture.receive(joined(9));
    assert_eq!(fixture.sent_command().id, id, "its history may be another one");
    assert_eq!(fixture.text(), "one two");
}

#[test]
fn an_outcome_beyond_the_head_is_requested_again() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.receive(saved(id, 6));
    fixture.reconnect();
    fixture.sent();
    fixture.receive(joined(5));
    assert_eq!(fixture.sent_command().id, id, "its event is not in this history");
}

#[test]
fn an_outcome_without_its_event_is_requested_again() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.receive(saved(id, 6));
    fixture.tick(4_999);
    assert!(fixture.sent_commands().is_empty());
    fixture.tick(1);
    assert_eq!(fixture.sent_command().id, id, "its history may be another one");
    fixture.receive(saved(id, 6));
    fixture.receive(event(6, id, edited(insert(3, " two"))));
    assert_eq!(fixture.machine.unsent_count(), 0);
}

#[test]
fn local_text_of_a_note_that_is_on_no_page_becomes_a_draft() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.reconnect();
    fixture.pull(9, &[]);
    assert!(fixture.machine.notes().is_empty());
    assert_eq!(fixture.drafts(), [("note_gone", "one two")]);
}

#[test]
fn the_text_of_a_new_note_survives_a_snapshot_without_it() {
    let mut fixture = Fixture::live(&[]);
    let text = sockbit_domain::Text::normalise("new");
    let colour = sockbit_domain::Colour::Blue;
    fixture.submit(Command::CreateNote { note: NOTE, text, colour, rank: rank("V") });
    fixture.edit(&insert(3, " words"));
    fixture.reconnect();
    fixture.pull(9, &[]);
    assert_eq!(fixture.text(), "new words");
    assert!(fixture.drafts().is_empty());
}

#[test]
fn a_new_note_that_another_client_deleted_stays_deleted() {
    let mut fixture = Fixture::live(&[]);
    let text = sockbit_domain::Text::normalise("new");
    let colour = sockbit_domain::Colour::Blue;
    let id = fixture.submit(Command::CreateNote { note: NOTE, text, colour, rank: rank("V") });
    fixture.reconnect();
    fixture.pull(9, &["new"]);
    fixture.receive(joined(9));
    fixture.remote_event(10, Change::NoteDeleted { note: NOTE });
    assert!(fixture.machine.notes().is_empty());
    fixture.receive(saved(id, 8));
    assert_eq!((fixture.machine.notes().len(), fixture.machine.unsent_count()), (0, 0));
}
