//! What one wrote and does not know to be saved, over a new connection, a snapshot or another history.

use sockbit_domain::{Change, Command, RejectionCode};

use crate::fixture::*;

#[test]
fn commands_wait_until_what_the_server_had_at_the_join_is_applied() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.machine.disconnected();
    fixture.typed(&insert(3, "!"));
    fixture.flush();
    fixture.connect();
    fixture.hear(joined(6));
    assert!(fixture.commands().is_empty());
    fixture.others(6, edited(insert(0, "x")));
    let (_, base, delta) = fixture.edit();
    assert_eq!((base, delta), (position(6), insert(4, "!")));
}

#[test]
fn what_had_no_outcome_is_sent_again_over_the_next_connection() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, "!"));
    fixture.flush();
    let (id, base, delta) = fixture.edit();
    fixture.reconnect();
    fixture.hear(joined(6));
    fixture.others(6, edited(insert(0, "x")));
    assert_eq!(fixture.edit(), (id, base, delta));
}

#[test]
fn a_snapshot_is_laid_under_what_is_typed() {
    let mut fixture = Fixture::live(&["one two"]);
    fixture.typed(&insert(7, " three"));
    fixture.reconnect();
    fixture.pull(9, &["1 two"]);
    assert_eq!(fixture.text(), "1 two three");
}

#[test]
fn what_was_in_flight_at_a_snapshot_waits_for_its_outcome() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.typed(&insert(7, " three"));
    fixture.reconnect();
    fixture.pull(9, &["zero one two"]);
    assert_eq!(fixture.text(), "one two three", "until the outcome tells");
    fixture.hear(joined(9));
    assert_eq!(fixture.command().id, id);
    fixture.hear(saved(id, 7));
    assert_eq!(fixture.text(), "zero one two three");
}

#[test]
fn what_was_in_flight_and_never_arrived_is_sent_anew_after_a_snapshot() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.reconnect();
    fixture.pull(9, &["zero one"]);
    fixture.hear(joined(9));
    fixture.sent();
    fixture.hear(rejected(id, RejectionCode::BaseGone));
    let (new_id, base, delta) = fixture.edit();
    assert_ne!(new_id, id);
    assert_eq!((base, delta), (position(9), insert(8, " two")));
}

#[test]
fn an_outcome_from_before_a_snapshot_is_asked_for_again() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.hear(saved(id, 8));
    fixture.reconnect();
    fixture.pull(9, &["one"]);
    fixture.hear(joined(9));
    assert_eq!(fixture.command().id, id, "its history may be another one");
    assert_eq!(fixture.text(), "one two");
}

#[test]
fn an_outcome_from_beyond_the_head_is_asked_for_again() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.hear(saved(id, 6));
    fixture.reconnect();
    fixture.sent();
    fixture.hear(joined(5));
    assert_eq!(fixture.command().id, id, "the event that it tells of is not in this history");
}

#[test]
fn an_outcome_whose_event_does_not_come_is_asked_for_again() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.edit();
    fixture.hear(saved(id, 6));
    fixture.tick(4_999);
    assert!(fixture.commands().is_empty());
    fixture.tick(1);
    assert_eq!(fixture.command().id, id, "its history may be another one");
    fixture.hear(saved(id, 6));
    fixture.hear(event(6, id, edited(insert(3, " two"))));
    assert_eq!(fixture.machine.unsent_count(), 0);
}

#[test]
fn a_note_that_is_on_no_page_is_gone_and_its_words_are_a_draft() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.reconnect();
    fixture.pull(9, &[]);
    assert!(fixture.machine.notes().is_empty());
    assert_eq!(fixture.drafts(), [("note_gone", "one two")]);
}

#[test]
fn words_in_a_new_note_outlive_a_snapshot_without_it() {
    let mut fixture = Fixture::live(&[]);
    let text = sockbit_domain::Text::normalise("new");
    let colour = sockbit_domain::Colour::Blue;
    fixture.submit(Command::CreateNote { note: NOTE, text, colour, rank: rank("V") });
    fixture.typed(&insert(3, " words"));
    fixture.reconnect();
    fixture.pull(9, &[]);
    assert_eq!(fixture.text(), "new words");
    assert!(fixture.drafts().is_empty());
}

#[test]
fn a_new_note_that_others_deleted_does_not_come_back() {
    let mut fixture = Fixture::live(&[]);
    let text = sockbit_domain::Text::normalise("new");
    let colour = sockbit_domain::Colour::Blue;
    let id = fixture.submit(Command::CreateNote { note: NOTE, text, colour, rank: rank("V") });
    fixture.reconnect();
    fixture.pull(9, &["new"]);
    fixture.hear(joined(9));
    fixture.others(10, Change::NoteDeleted { note: NOTE });
    assert!(fixture.machine.notes().is_empty());
    fixture.hear(saved(id, 8));
    assert_eq!((fixture.machine.notes().len(), fixture.machine.unsent_count()), (0, 0));
}
