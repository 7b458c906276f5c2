//! Who is here: said when it changes, told as it is, and forgotten with the connection.

use sockbit_client::ViewChange;
use sockbit_domain::wire::{ClientMessage, PersonPresence, ServerMessage};
use sockbit_domain::{BoardId, NoteId, Rejection, RejectionCode};
use uuid::Uuid;

use crate::fixture::{BOARD, Fixture, NOTE, OTHER_NOTE, actor, joined};

/// What the machine says of its person.
fn said(fixture: &mut Fixture) -> Vec<Option<NoteId>> {
    let place = |message| match message {
        ClientMessage::Presence { board: BOARD, note } => Some(note),
        _ => None,
    };
    fixture.sent().into_iter().filter_map(place).collect()
}

fn person(id: u128, notes: &[NoteId]) -> PersonPresence {
    PersonPresence { actor: actor(id), notes: notes.to_vec() }
}

fn told(people: Vec<PersonPresence>) -> ServerMessage {
    ServerMessage::Presence { board: BOARD, people, more: 0 }
}

#[test]
fn nothing_is_said_before_the_page_does() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.reconnect();
    fixture.hear(joined(5));
    assert_eq!(said(&mut fixture), []);
}

#[test]
fn where_the_person_is_is_said_once_and_with_each_change() {
    let mut fixture = Fixture::live(&["one", "two"]);
    for note in [None, Some(NOTE), Some(NOTE), Some(OTHER_NOTE), None, None] {
        fixture.machine.set_presence(note);
    }
    assert_eq!(said(&mut fixture), [None, Some(NOTE), Some(OTHER_NOTE), None]);
}

#[test]
fn it_is_said_when_the_board_is_joined_and_again_after_a_reconnection() {
    let mut fixture = Fixture::empty();
    fixture.machine.set_presence(Some(NOTE));
    fixture.connect();
    fixture.pull(5, &["one"]);
    assert_eq!(said(&mut fixture), []);
    fixture.hear(joined(5));
    assert_eq!(said(&mut fixture), [Some(NOTE)]);
    fixture.machine.disconnected();
    fixture.machine.set_presence(None);
    fixture.connect();
    fixture.hear(joined(5));
    assert_eq!(said(&mut fixture), [None], "as it is now");
}

#[test]
fn the_others_are_shown_and_oneself_is_not() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.hear(told(vec![person(1, &[]), person(2, &[NOTE]), person(3, &[])]));
    assert_eq!(fixture.machine.people(), [person(2, &[NOTE]), person(3, &[])]);
    assert_eq!(fixture.machine.take_changes(), [ViewChange::People]);
    fixture.hear(told(vec![person(1, &[]), person(2, &[NOTE]), person(3, &[])]));
    assert_eq!(fixture.machine.take_changes(), [], "nothing is different");
    fixture.hear(ServerMessage::Presence { board: BOARD, people: vec![person(1, &[])], more: 3 });
    assert_eq!((fixture.machine.people(), fixture.machine.more_people()), (Vec::new(), 3));
}

#[test]
fn people_of_another_board_are_not_shown() {
    let mut fixture = Fixture::live(&["one"]);
    let board = BoardId(Uuid::from_u128(2));
    fixture.hear(ServerMessage::Presence { board, people: vec![person(2, &[])], more: 0 });
    assert_eq!(fixture.machine.people(), []);
}

#[test]
fn who_is_offline_or_not_let_in_any_more_shows_nobody() {
    let rejection = Rejection::new(RejectionCode::NotFound, "not for you");
    let left = ServerMessage::Left { board: BOARD, rejection: Some(rejection) };
    let ends: [fn(&mut Fixture, ServerMessage); 2] =
        [|fixture, _| fixture.machine.disconnected(), |fixture, left| fixture.hear(left)];
    for end in ends {
        let mut fixture = Fixture::live(&["one"]);
        fixture.hear(told(vec![person(2, &[])]));
        assert_eq!(fixture.machine.take_changes(), [ViewChange::People]);
        end(&mut fixture, left.clone());
        assert_eq!(fixture.machine.people(), []);
        assert!(fixture.machine.take_changes().contains(&ViewChange::People));
    }
}
