//! From nothing, or from a position, to following the board.

use sockbit_client::JoinState;
use sockbit_domain::wire::{ClientMessage, Query, Reply, ServerMessage};
use sockbit_domain::{
    Change, Command, Delta, MessageId, Rejection, RejectionCode, Role, Seq, Timestamp,
};

use crate::desk::*;

fn base_gone(head: u64) -> ServerMessage {
    ServerMessage::BaseGone { board: BOARD, role: Role::Owner, head: position(head) }
}

fn not_found() -> Rejection {
    Rejection::new(RejectionCode::NotFound, "there is no such board")
}

fn joins(messages: &[ClientMessage]) -> Vec<Option<Seq>> {
    let join = |message: &ClientMessage| match message {
        ClientMessage::Join { position, .. } => Some(position.map(|position| position.seq)),
        _ => None,
    };
    messages.iter().filter_map(join).collect()
}

#[test]
fn an_unknown_board_is_pulled_page_by_page_and_joined_at_the_first_page_s_position() {
    let mut desk = Desk::empty();
    desk.connect();
    assert_eq!(joins(&desk.sent()), [None]);
    desk.hear(base_gone(5));
    desk.page(5, vec![note(10, "one")], Some(NOTE));
    assert!(desk.machine.notes().is_empty(), "a part never looks like the whole");
    let asked = desk.sent();
    let [ClientMessage::Query { id, query: Query::BoardPage { after: Some(NOTE), .. } }] =
        &asked[..]
    else {
        panic!("{asked:?}");
    };
    let page = sockbit_domain::wire::BoardPage {
        board: BOARD,
        title: title("A board"),
        role: Role::Owner,
        position: position(7),
        notes: vec![note(11, "two")],
        next: None,
    };
    desk.hear(ServerMessage::Reply { id: *id, body: Reply::BoardPage(page) });
    assert_eq!(joins(&desk.sent()), [Some(Seq(5))]);
    assert_eq!(desk.machine.notes().len(), 2);
    assert_eq!((desk.machine.title(), desk.machine.role()), ("A board", Some(Role::Owner)));
}

#[test]
fn a_client_that_was_asleep_asks_for_what_it_missed_and_goes_on_meanwhile() {
    let mut desk = Desk::live(&["one"]);
    desk.others(6, edited(insert(0, "x")));
    desk.machine.check();
    assert_eq!(joins(&desk.sent()), [Some(Seq(6))]);
    assert_eq!(desk.machine.joined(), JoinState::Live);
}

#[test]
fn a_check_that_is_put_off_is_made_as_a_join() {
    let mut desk = Desk::live(&["one"]);
    desk.machine.check();
    desk.sent();
    desk.hear(ServerMessage::Again { id: None, board: Some(BOARD), after_ms: 300 });
    assert_ne!(desk.machine.joined(), JoinState::Live, "the server no longer serves the board");
    desk.tick(300);
    assert_eq!(joins(&desk.sent()).len(), 1);
}

#[test]
fn a_known_board_is_joined_from_where_the_client_stands() {
    let mut desk = Desk::live(&["one"]);
    desk.others(6, edited(insert(0, "x")));
    desk.reconnect();
    assert_eq!(joins(&desk.sent()), [Some(Seq(6))]);
    assert_eq!(desk.machine.joined(), JoinState::Joining);
    desk.hear(joined(6));
    assert_eq!(desk.machine.joined(), JoinState::Live);
}

#[test]
fn events_that_were_seen_change_nothing() {
    let mut desk = Desk::live(&["one"]);
    desk.others(6, edited(insert(0, "x")));
    desk.others(6, edited(insert(0, "x")));
    desk.others(4, edited(insert(0, "y")));
    assert_eq!(desk.text(), "xone");
}

#[test]
fn a_gap_is_filled_by_joining_again() {
    let mut desk = Desk::live(&["one"]);
    desk.others(7, edited(insert(0, "late ")));
    desk.others(8, edited(insert(0, "later ")));
    assert_eq!(joins(&desk.sent()), [Some(Seq(5))], "once");
    assert_eq!(desk.text(), "one");
    desk.hear(joined(7));
    desk.others(6, edited(insert(0, "early ")));
    desk.others(7, edited(insert(0, "late ")));
    assert_eq!(desk.text(), "late early one");
}

#[test]
fn one_event_for_several_of_which_some_were_seen_is_a_gap() {
    let mut desk = Desk::live(&["one"]);
    desk.hear(range(4, 6, SOMEBODY, edited(insert(0, "x"))));
    assert_eq!(desk.text(), "one");
    assert_eq!(joins(&desk.sent()), [Some(Seq(5))]);
}

#[test]
fn one_event_for_several_of_which_a_note_has_some_lets_the_board_be_pulled_anew() {
    let mut desk = Desk::empty();
    desk.connect();
    desk.hear(base_gone(5));
    let newer = sockbit_domain::Note { seq: Seq(7), ..note(10, "one two") };
    desk.page(5, vec![newer], None);
    desk.hear(joined(8));
    desk.sent();
    desk.hear(range(6, 8, SOMEBODY, edited(insert(0, "one two three"))));
    assert_eq!(desk.text(), "one two");
    assert_eq!(joins(&desk.sent()), [None]);
}

#[test]
fn one_event_for_several_that_a_note_has_all_changes_nothing() {
    let mut desk = Desk::empty();
    desk.connect();
    desk.hear(base_gone(5));
    let newer = sockbit_domain::Note { seq: Seq(8), ..note(10, "one two three") };
    desk.page(5, vec![newer], None);
    desk.hear(joined(8));
    desk.sent();
    desk.hear(range(6, 8, SOMEBODY, edited(insert(0, "one two three"))));
    assert_eq!(desk.text(), "one two three");
    assert_eq!(joins(&desk.sent()), []);
}

#[test]
fn an_event_that_does_not_fit_lets_the_board_be_pulled_anew() {
    let mut desk = Desk::live(&["one"]);
    desk.others(6, edited(insert(99, "x")));
    assert_eq!(joins(&desk.sent()), [None]);
    assert_eq!(desk.text(), "one");
}

#[test]
fn an_event_changes_only_notes_that_it_is_newer_than() {
    let mut desk = Desk::empty();
    desk.connect();
    desk.hear(base_gone(5));
    let newer = sockbit_domain::Note { seq: Seq(7), ..note(10, "x one") };
    desk.page(5, vec![newer], None);
    desk.hear(joined(7));
    desk.others(6, edited(Delta::new().insert("x")));
    desk.others(7, edited(Delta::new().retain(1).insert(" ")));
    assert_eq!((desk.text().as_str(), desk.machine.position()), ("x one", Some(position(7))));
}

/// A client that pulled a board on two pages, the second of them two events later.
fn pulled_on_two_pages() -> Desk {
    let mut desk = Desk::empty();
    desk.connect();
    desk.sent();
    desk.hear(base_gone(5));
    desk.page(5, vec![note(10, "one")], Some(NOTE));
    desk.page(7, vec![note(11, "two")], None);
    assert_eq!(joins(&desk.sent()), [Some(Seq(5))]);
    desk
}

#[test]
fn a_page_from_beyond_the_head_is_of_another_history_and_the_board_is_pulled_anew() {
    let mut desk = pulled_on_two_pages();
    desk.hear(joined(6));
    assert!(matches!(desk.sent()[..], [ClientMessage::Query { .. }]));
}

#[test]
fn a_page_that_an_event_contradicts_is_of_another_history_and_the_board_is_pulled_anew() {
    let mut desk = pulled_on_two_pages();
    desk.hear(joined(7));
    desk.others(6, Change::BoardRenamed { title: title("new") });
    assert_eq!(joins(&desk.sent()), []);
    let ServerMessage::Event { event } =
        event(7, MessageId(uuid::Uuid::nil()), Change::BoardRenamed { title: title("other") })
    else {
        panic!("it is an event");
    };
    let id = sockbit_domain::EventId(uuid::Uuid::nil());
    desk.hear(ServerMessage::Event { event: sockbit_domain::Event { id, ..event } });
    assert_eq!(joins(&desk.sent()), [None]);
}

#[test]
fn a_refused_join_says_why() {
    let mut desk = Desk::empty();
    desk.connect();
    desk.hear(ServerMessage::Left { board: BOARD, rejection: Some(not_found()) });
    assert_eq!(desk.machine.joined(), JoinState::Refused);
    let code = desk.machine.refusal().map(|reason| reason.code.as_str());
    assert_eq!(code, Some("not_found"));
}

#[test]
fn a_page_that_is_not_given_says_why() {
    let mut desk = Desk::empty();
    desk.connect();
    desk.hear(base_gone(5));
    let sent = desk.sent();
    let Some(ClientMessage::Query { id, .. }) = sent.last() else { panic!("{sent:?}") };
    desk.hear(ServerMessage::Reply { id: *id, body: Reply::Rejected(not_found()) });
    assert_eq!(desk.machine.joined(), JoinState::Refused);
}

#[test]
fn a_join_and_a_page_that_have_to_wait_are_asked_for_again() {
    let mut desk = Desk::empty();
    desk.connect();
    desk.sent();
    desk.hear(ServerMessage::Again { id: None, board: Some(BOARD), after_ms: 300 });
    desk.tick(299);
    assert!(desk.sent().is_empty());
    desk.tick(1);
    assert_eq!(joins(&desk.sent()), [None]);
    desk.hear(base_gone(5));
    let sent = desk.sent();
    let Some(ClientMessage::Query { id, .. }) = sent.last() else { panic!("{sent:?}") };
    desk.hear(ServerMessage::Again { id: Some(*id), board: None, after_ms: 300 });
    desk.tick(300);
    desk.page(5, vec![note(10, "one")], None);
    assert_eq!(desk.text(), "one");
}

#[test]
fn a_later_page_that_has_to_wait_is_asked_for_from_where_the_one_before_ended() {
    let mut desk = Desk::empty();
    desk.connect();
    desk.hear(base_gone(5));
    desk.page(5, vec![note(10, "one")], Some(NOTE));
    let sent = desk.sent();
    let Some(ClientMessage::Query { id, .. }) = sent.last() else { panic!("{sent:?}") };
    desk.hear(ServerMessage::Again { id: Some(*id), board: None, after_ms: 300 });
    desk.tick(300);
    let sent = desk.sent();
    let Some(ClientMessage::Query { query: Query::BoardPage { after, .. }, .. }) = sent.last()
    else {
        panic!("{sent:?}");
    };
    assert_eq!(*after, Some(NOTE));
}

#[test]
fn a_command_that_lets_the_sender_in_goes_before_the_join() {
    let mut desk = Desk::empty();
    desk.wish(Command::TrashNote { note: NOTE });
    let id = desk.with(|_, moment| MessageId((moment.mint)()));
    let key = Some("key".to_owned());
    desk.machine.wish(Command::JoinBoard {}, id, Timestamp(0), key).expect("a wish");
    desk.connect();
    let sent = desk.command();
    assert_eq!((sent.id, sent.key.as_deref()), (id, Some("key")));
    desk.hear(saved(id, 5));
    assert_eq!(joins(&desk.sent()), [None]);
}

#[test]
fn an_own_role_changes_with_the_event_that_says_so() {
    let mut desk = Desk::live(&[]);
    let joined = event(6, SOMEBODY, Change::MemberJoined { role: Role::Owner });
    let ServerMessage::Event { event } = joined else { panic!("an event") };
    let event = sockbit_domain::Event { actor: actor(1), ..event };
    desk.hear(ServerMessage::Event { event });
    assert_eq!(desk.machine.role(), Some(Role::Owner));
}
