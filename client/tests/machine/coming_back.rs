//! What one wrote and does not know to be saved, over a new connection, a snapshot or another history.

use sockbit_domain::{Change, Command, RejectionCode};

use crate::desk::*;

#[test]
fn commands_wait_until_what_the_server_had_at_the_join_is_applied() {
    let mut desk = Desk::live(&["one"]);
    desk.machine.disconnected();
    desk.typed(&insert(3, "!"));
    desk.flush();
    desk.connect();
    desk.hear(joined(6));
    assert!(desk.commands().is_empty());
    desk.others(6, edited(insert(0, "x")));
    let (_, base, delta) = desk.edit();
    assert_eq!((base, delta), (position(6), insert(4, "!")));
}

#[test]
fn what_had_no_outcome_is_sent_again_over_the_next_connection() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, "!"));
    desk.flush();
    let (id, base, delta) = desk.edit();
    desk.reconnect();
    desk.hear(joined(6));
    desk.others(6, edited(insert(0, "x")));
    assert_eq!(desk.edit(), (id, base, delta));
}

#[test]
fn a_snapshot_is_laid_under_what_is_typed() {
    let mut desk = Desk::live(&["one two"]);
    desk.typed(&insert(7, " three"));
    desk.reconnect();
    desk.pull(9, &["1 two"]);
    assert_eq!(desk.text(), "1 two three");
}

#[test]
fn what_was_in_flight_at_a_snapshot_waits_for_its_outcome() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.typed(&insert(7, " three"));
    desk.reconnect();
    desk.pull(9, &["zero one two"]);
    assert_eq!(desk.text(), "one two three", "until the outcome tells");
    desk.hear(joined(9));
    assert_eq!(desk.command().id, id);
    desk.hear(saved(id, 7));
    assert_eq!(desk.text(), "zero one two three");
}

#[test]
fn what_was_in_flight_and_never_arrived_is_sent_anew_after_a_snapshot() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.reconnect();
    desk.pull(9, &["zero one"]);
    desk.hear(joined(9));
    desk.sent();
    desk.hear(rejected(id, RejectionCode::BaseGone));
    let (new_id, base, delta) = desk.edit();
    assert_ne!(new_id, id);
    assert_eq!((base, delta), (position(9), insert(8, " two")));
}

#[test]
fn an_outcome_from_before_a_snapshot_is_asked_for_again() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.hear(saved(id, 8));
    desk.reconnect();
    desk.pull(9, &["one"]);
    desk.hear(joined(9));
    assert_eq!(desk.command().id, id, "its history may be another one");
    assert_eq!(desk.text(), "one two");
}

#[test]
fn an_outcome_from_beyond_the_head_is_asked_for_again() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.hear(saved(id, 6));
    desk.reconnect();
    desk.sent();
    desk.hear(joined(5));
    assert_eq!(desk.command().id, id, "the event that it tells of is not in this history");
}

#[test]
fn an_outcome_whose_event_does_not_come_is_asked_for_again() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.hear(saved(id, 6));
    desk.tick(4_999);
    assert!(desk.commands().is_empty());
    desk.tick(1);
    assert_eq!(desk.command().id, id, "its history may be another one");
    desk.hear(saved(id, 6));
    desk.hear(event(6, id, edited(insert(3, " two"))));
    assert_eq!(desk.machine.unsent(), 0);
}

#[test]
fn a_note_that_is_on_no_page_is_gone_and_its_words_are_a_draft() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.reconnect();
    desk.pull(9, &[]);
    assert!(desk.machine.notes().is_empty());
    assert_eq!(desk.drafts(), [("note_gone", "one two")]);
}

#[test]
fn words_in_a_new_note_outlive_a_snapshot_without_it() {
    let mut desk = Desk::live(&[]);
    let text = sockbit_domain::Text::normalise("new");
    let colour = sockbit_domain::Colour::Blue;
    desk.wish(Command::CreateNote { note: NOTE, text, colour, rank: rank("V") });
    desk.typed(&insert(3, " words"));
    desk.reconnect();
    desk.pull(9, &[]);
    assert_eq!(desk.text(), "new words");
    assert!(desk.drafts().is_empty());
}

#[test]
fn a_new_note_that_others_deleted_does_not_come_back() {
    let mut desk = Desk::live(&[]);
    let text = sockbit_domain::Text::normalise("new");
    let colour = sockbit_domain::Colour::Blue;
    let id = desk.wish(Command::CreateNote { note: NOTE, text, colour, rank: rank("V") });
    desk.reconnect();
    desk.pull(9, &["new"]);
    desk.hear(joined(9));
    desk.others(10, Change::NoteDeleted { note: NOTE });
    assert!(desk.machine.notes().is_empty());
    desk.hear(saved(id, 8));
    assert_eq!((desk.machine.notes().len(), desk.machine.unsent()), (0, 0));
}
