//! Who is here: said when it changes, told as it is, and forgotten with the connection.

use sockbit_client::ViewChange;
use sockbit_domain::wire::{ClientMessage, PersonPresence, ServerMessage};
use sockbit_domain::{BoardId, NoteId, Rejection, RejectionCode};
use uuid::Uuid;

use crate::desk::{BOARD, Desk, NOTE, OTHER_NOTE, actor, joined};

/// What the machine says of its person.
fn said(desk: &mut Desk) -> Vec<Option<NoteId>> {
    let place = |message| match message {
        ClientMessage::Presence { board: BOARD, note } => Some(note),
        _ => None,
    };
    desk.sent().into_iter().filter_map(place).collect()
}

fn person(id: u128, notes: &[NoteId]) -> PersonPresence {
    PersonPresence { actor: actor(id), notes: notes.to_vec() }
}

fn told(people: Vec<PersonPresence>) -> ServerMessage {
    ServerMessage::Presence { board: BOARD, people, more: 0 }
}

#[test]
fn nothing_is_said_before_the_page_does() {
    let mut desk = Desk::live(&["one"]);
    desk.reconnect();
    desk.hear(joined(5));
    assert_eq!(said(&mut desk), []);
}

#[test]
fn where_the_person_is_is_said_once_and_with_each_change() {
    let mut desk = Desk::live(&["one", "two"]);
    for note in [None, Some(NOTE), Some(NOTE), Some(OTHER_NOTE), None, None] {
        desk.machine.be_here(note);
    }
    assert_eq!(said(&mut desk), [None, Some(NOTE), Some(OTHER_NOTE), None]);
}

#[test]
fn it_is_said_when_the_board_is_joined_and_again_after_a_reconnection() {
    let mut desk = Desk::empty();
    desk.machine.be_here(Some(NOTE));
    desk.connect();
    desk.pull(5, &["one"]);
    assert_eq!(said(&mut desk), []);
    desk.hear(joined(5));
    assert_eq!(said(&mut desk), [Some(NOTE)]);
    desk.machine.disconnected();
    desk.machine.be_here(None);
    desk.connect();
    desk.hear(joined(5));
    assert_eq!(said(&mut desk), [None], "as it is now");
}

#[test]
fn the_others_are_shown_and_oneself_is_not() {
    let mut desk = Desk::live(&["one"]);
    desk.hear(told(vec![person(1, &[]), person(2, &[NOTE]), person(3, &[])]));
    assert_eq!(desk.machine.people(), [person(2, &[NOTE]), person(3, &[])]);
    assert_eq!(desk.machine.take_changes(), [ViewChange::People]);
    desk.hear(told(vec![person(1, &[]), person(2, &[NOTE]), person(3, &[])]));
    assert_eq!(desk.machine.take_changes(), [], "nothing is different");
    desk.hear(ServerMessage::Presence { board: BOARD, people: vec![person(1, &[])], more: 3 });
    assert_eq!((desk.machine.people(), desk.machine.more_people()), (Vec::new(), 3));
}

#[test]
fn people_of_another_board_are_not_shown() {
    let mut desk = Desk::live(&["one"]);
    let board = BoardId(Uuid::from_u128(2));
    desk.hear(ServerMessage::Presence { board, people: vec![person(2, &[])], more: 0 });
    assert_eq!(desk.machine.people(), []);
}

#[test]
fn who_is_offline_or_not_let_in_any_more_shows_nobody() {
    let rejection = Rejection::new(RejectionCode::NotFound, "not for you");
    let left = ServerMessage::Left { board: BOARD, rejection: Some(rejection) };
    let ends: [fn(&mut Desk, ServerMessage); 2] =
        [|desk, _| desk.machine.disconnected(), |desk, left| desk.hear(left)];
    for end in ends {
        let mut desk = Desk::live(&["one"]);
        desk.hear(told(vec![person(2, &[])]));
        assert_eq!(desk.machine.take_changes(), [ViewChange::People]);
        end(&mut desk, left.clone());
        assert_eq!(desk.machine.people(), []);
        assert!(desk.machine.take_changes().contains(&ViewChange::People));
    }
}
