//! Presence: sent when it changes, shown as received, and forgotten with the connection.

use sockbit_client::ViewChange;
use sockbit_domain::wire::{ClientMessage, PersonPresence, ServerMessage};
use sockbit_domain::{BoardId, NoteId, Rejection, RejectionCode};
use uuid::Uuid;

use crate::fixture::{BOARD, Fixture, NOTE, OTHER_NOTE, actor, joined};

/// The presence messages that were sent, by their note.
fn sent_presence(fixture: &mut Fixture) -> Vec<Option<NoteId>> {
    let place = |message| match message {
        ClientMessage::Presence { board: BOARD, note } => Some(note),
        _ => None,
    };
    fixture.sent().into_iter().filter_map(place).collect()
}

fn person(id: u128, notes: &[NoteId]) -> PersonPresence {
    PersonPresence { actor: actor(id), notes: notes.to_vec() }
}

fn presence_update(people: Vec<PersonPresence>) -> ServerMessage {
    ServerMessage::Presence { board: BOARD, people, more: 0 }
}

#[test]
fn no_presence_is_sent_before_the_page_sets_it() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.reconnect();
    fixture.receive(joined(5));
    assert_eq!(sent_presence(&mut fixture), []);
}

#[test]
fn presence_is_sent_once_for_each_change() {
    let mut fixture = Fixture::live(&["one", "two"]);
    for note in [None, Some(NOTE), Some(NOTE), Some(OTHER_NOTE), None, None] {
        fixture.machine.set_presence(note);
    }
    assert_eq!(sent_presence(&mut fixture), [None, Some(NOTE), Some(OTHER_NOTE), None]);
}

#[test]
fn presence_is_sent_after_each_join() {
    let mut fixture = Fixture::empty();
    fixture.machine.set_presence(Some(NOTE));
    fixture.connect();
    fixture.pull(5, &["one"]);
    assert_eq!(sent_presence(&mut fixture), []);
    fixture.receive(joined(5));
    assert_eq!(sent_presence(&mut fixture), [Some(NOTE)]);
    fixture.machine.disconnected();
    fixture.machine.set_presence(None);
    fixture.connect();
    fixture.receive(joined(5));
    assert_eq!(sent_presence(&mut fixture), [None], "the latest");
}

#[test]
fn all_people_but_the_user_are_shown() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.receive(presence_update(vec![person(1, &[]), person(2, &[NOTE]), person(3, &[])]));
    assert_eq!(fixture.machine.people(), [person(2, &[NOTE]), person(3, &[])]);
    assert_eq!(fixture.machine.take_changes(), [ViewChange::People]);
    fixture.receive(presence_update(vec![person(1, &[]), person(2, &[NOTE]), person(3, &[])]));
    assert_eq!(fixture.machine.take_changes(), [], "an equal update");
    fixture.receive(ServerMessage::Presence {
        board: BOARD,
        people: vec![person(1, &[])],
        more: 3,
    });
    assert_eq!((fixture.machine.people(), fixture.machine.more_people()), (Vec::new(), 3));
}

#[test]
fn people_of_another_board_are_not_shown() {
    let mut fixture = Fixture::live(&["one"]);
    let board = BoardId(Uuid::from_u128(2));
    fixture.receive(ServerMessage::Presence { board, people: vec![person(2, &[])], more: 0 });
    assert_eq!(fixture.machine.people(), []);
}

#[test]
fn no_people_are_shown_while_offline_or_refused() {
    let rejection = Rejection::new(RejectionCode::NotFound, "not for you");
    let left = ServerMessage::Left { board: BOARD, rejection: Some(rejection) };
    let ends: [fn(&mut Fixture, ServerMessage); 2] =
        [|fixture, _| fixture.machine.disconnected(), |fixture, left| fixture.receive(left)];
    for end in ends {
        let mut fixture = Fixture::live(&["one"]);
        fixture.receive(presence_update(vec![person(2, &[])]));
        assert_eq!(fixture.machine.take_changes(), [ViewChange::People]);
        end(&mut fixture, left.clone());
        assert_eq!(fixture.machine.people(), []);
        assert!(fixture.machine.take_changes().contains(&ViewChange::People));
    }
}
