//! From nothing, or from a position, to following the board.

use sockbit_client::JoinState;
use sockbit_domain::wire::{ClientMessage, Query, Reply, ServerMessage};
use sockbit_domain::{Change, Command, Delta, MessageId, Rejection, RejectionCode, Role, Seq};

use crate::fixture::*;

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
    let mut fixture = Fixture::empty();
    fixture.connect();
    assert_eq!(joins(&fixture.sent()), [None]);
    fixture.hear(base_gone(5));
    fixture.page(5, vec![note(10, "one")], Some(NOTE));
    assert!(fixture.machine.notes().is_empty(), "a part never looks like the whole");
    let asked = fixture.sent();
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
    fixture.hear(ServerMessage::Reply { id: *id, body: Reply::BoardPage(page) });
    assert_eq!(joins(&fixture.sent()), [Some(Seq(5))]);
    assert_eq!(fixture.machine.notes().len(), 2);
    assert_eq!((fixture.machine.title(), fixture.machine.role()), ("A board", Some(Role::Owner)));
}

#[test]
fn a_client_that_was_asleep_asks_for_what_it_missed_and_goes_on_meanwhile() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.others(6, edited(insert(0, "x")));
    fixture.machine.check();
    assert_eq!(joins(&fixture.sent()), [Some(Seq(6))]);
    assert_eq!(fixture.machine.join_state(), JoinState::Live);
}

#[test]
fn a_check_that_is_put_off_is_made_as_a_join() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.machine.check();
    fixture.sent();
    fixture.hear(ServerMessage::Again { id: None, board: Some(BOARD), after_ms: 300 });
    assert_ne!(
        fixture.machine.join_state(),
        JoinState::Live,
        "the server no longer serves the board"
    );
    fixture.tick(300);
    assert_eq!(joins(&fixture.sent()).len(), 1);
}

#[test]
fn a_known_board_is_joined_from_where_the_client_stands() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.others(6, edited(insert(0, "x")));
    fixture.reconnect();
    assert_eq!(joins(&fixture.sent()), [Some(Seq(6))]);
    assert_eq!(fixture.machine.join_state(), JoinState::Joining);
    fixture.hear(joined(6));
    assert_eq!(fixture.machine.join_state(), JoinState::Live);
}

#[test]
fn events_that_were_seen_change_nothing() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.others(6, edited(insert(0, "x")));
    fixture.others(6, edited(insert(0, "x")));
    fixture.others(4, edited(insert(0, "y")));
    assert_eq!(fixture.text(), "xone");
}

#[test]
fn a_gap_is_filled_by_joining_again() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.others(7, edited(insert(0, "late ")));
    fixture.others(8, edited(insert(0, "later ")));
    assert_eq!(joins(&fixture.sent()), [Some(Seq(5))], "once");
    assert_eq!(fixture.text(), "one");
    fixture.hear(joined(7));
    fixture.others(6, edited(insert(0, "early ")));
    fixture.others(7, edited(insert(0, "late ")));
    assert_eq!(fixture.text(), "late early one");
}

#[test]
fn one_event_for_several_of_which_some_were_seen_is_a_gap() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.hear(range(4, 6, SOMEBODY, edited(insert(0, "x"))));
    assert_eq!(fixture.text(), "one");
    assert_eq!(joins(&fixture.sent()), [Some(Seq(5))]);
}

#[test]
fn one_event_for_several_of_which_a_note_has_some_lets_the_board_be_pulled_anew() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.hear(base_gone(5));
    let newer = sockbit_domain::Note { seq: Seq(7), ..note(10, "one two") };
    fixture.page(5, vec![newer], None);
    fixture.hear(joined(8));
    fixture.sent();
    fixture.hear(range(6, 8, SOMEBODY, edited(insert(0, "one two three"))));
    assert_eq!(fixture.text(), "one two");
    assert_eq!(joins(&fixture.sent()), [None]);
}

#[test]
fn one_event_for_several_that_a_note_has_all_changes_nothing() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.hear(base_gone(5));
    let newer = sockbit_domain::Note { seq: Seq(8), ..note(10, "one two three") };
    fixture.page(5, vec![newer], None);
    fixture.hear(joined(8));
    fixture.sent();
    fixture.hear(range(6, 8, SOMEBODY, edited(insert(0, "one two three"))));
    assert_eq!(fixture.text(), "one two three");
    assert_eq!(joins(&fixture.sent()), []);
}

#[test]
fn an_event_that_does_not_fit_lets_the_board_be_pulled_anew() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.others(6, edited(insert(99, "x")));
    assert_eq!(joins(&fixture.sent()), [None]);
    assert_eq!(fixture.text(), "one");
}

#[test]
fn an_event_changes_only_notes_that_it_is_newer_than() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.hear(base_gone(5));
    let newer = sockbit_domain::Note { seq: Seq(7), ..note(10, "x one") };
    fixture.page(5, vec![newer], None);
    fixture.hear(joined(7));
    fixture.others(6, edited(Delta::new().insert("x")));
    fixture.others(7, edited(Delta::new().retain(1).insert(" ")));
    assert_eq!((fixture.text().as_str(), fixture.machine.position()), ("x one", Some(position(7))));
}

/// A client that pulled a board on two pages, the second of them two events later.
fn pulled_on_two_pages() -> Fixture {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.sent();
    fixture.hear(base_gone(5));
    fixture.page(5, vec![note(10, "one")], Some(NOTE));
    fixture.page(7, vec![note(11, "two")], None);
    assert_eq!(joins(&fixture.sent()), [Some(Seq(5))]);
    fixture
}

#[test]
fn a_page_from_beyond_the_head_is_of_another_history_and_the_board_is_pulled_anew() {
    let mut fixture = pulled_on_two_pages();
    fixture.hear(joined(6));
    assert!(matches!(fixture.sent()[..], [ClientMessage::Query { .. }]));
}

#[test]
fn a_page_that_an_event_contradicts_is_of_another_history_and_the_board_is_pulled_anew() {
    let mut fixture = pulled_on_two_pages();
    fixture.hear(joined(7));
    fixture.others(6, Change::BoardRenamed { title: title("new") });
    assert_eq!(joins(&fixture.sent()), []);
    let ServerMessage::Event { event } =
        event(7, MessageId(uuid::Uuid::nil()), Change::BoardRenamed { title: title("other") })
    else {
        panic!("it is an event");
    };
    let id = sockbit_domain::EventId(uuid::Uuid::nil());
    fixture.hear(ServerMessage::Event { event: sockbit_domain::Event { id, ..event } });
    assert_eq!(joins(&fixture.sent()), [None]);
}

#[test]
fn a_refused_join_says_why() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.hear(ServerMessage::Left { board: BOARD, rejection: Some(not_found()) });
    assert_eq!(fixture.machine.join_state(), JoinState::Refused);
    let code = fixture.machine.refusal().map(|reason| reason.code.as_str());
    assert_eq!(code, Some("not_found"));
}

#[test]
fn a_page_that_is_not_given_says_why() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.hear(base_gone(5));
    let sent = fixture.sent();
    let Some(ClientMessage::Query { id, .. }) = sent.last() else { panic!("{sent:?}") };
    fixture.hear(ServerMessage::Reply { id: *id, body: Reply::Rejected(not_found()) });
    assert_eq!(fixture.machine.join_state(), JoinState::Refused);
}

#[test]
fn a_join_and_a_page_that_have_to_wait_are_asked_for_again() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.sent();
    fixture.hear(ServerMessage::Again { id: None, board: Some(BOARD), after_ms: 300 });
    fixture.tick(299);
    assert!(fixture.sent().is_empty());
    fixture.tick(1);
    assert_eq!(joins(&fixture.sent()), [None]);
    fixture.hear(base_gone(5));
    let sent = fixture.sent();
    let Some(ClientMessage::Query { id, .. }) = sent.last() else { panic!("{sent:?}") };
    fixture.hear(ServerMessage::Again { id: Some(*id), board: None, after_ms: 300 });
    fixture.tick(300);
    fixture.page(5, vec![note(10, "one")], None);
    assert_eq!(fixture.text(), "one");
}

#[test]
fn a_later_page_that_has_to_wait_is_asked_for_from_where_the_one_before_ended() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.hear(base_gone(5));
    fixture.page(5, vec![note(10, "one")], Some(NOTE));
    let sent = fixture.sent();
    let Some(ClientMessage::Query { id, .. }) = sent.last() else { panic!("{sent:?}") };
    fixture.hear(ServerMessage::Again { id: Some(*id), board: None, after_ms: 300 });
    fixture.tick(300);
    let sent = fixture.sent();
    let Some(ClientMessage::Query { query: Query::BoardPage { after, .. }, .. }) = sent.last()
    else {
        panic!("{sent:?}");
    };
    assert_eq!(*after, Some(NOTE));
}

#[test]
fn a_command_that_lets_the_sender_in_goes_before_the_join() {
    let mut fixture = Fixture::empty();
    fixture.submit(Command::TrashNote { note: NOTE });
    let id = fixture.with(|_, clock_and_ids| MessageId((clock_and_ids.mint)()));
    let key = Some("key".to_owned());
    fixture.machine.submit(Command::JoinBoard {}, id, fixture.now(), key).expect("not an edit");
    fixture.connect();
    let sent = fixture.command();
    assert_eq!((sent.id, sent.key.as_deref()), (id, Some("key")));
    fixture.hear(saved(id, 5));
    assert_eq!(joins(&fixture.sent()), [None]);
}

#[test]
fn an_own_role_changes_with_the_event_that_says_so() {
    let mut fixture = Fixture::live(&[]);
    let joined = event(6, SOMEBODY, Change::MemberJoined { role: Role::Owner });
    let ServerMessage::Event { event } = joined else { panic!("an event") };
    let event = sockbit_domain::Event { actor: actor(1), ..event };
    fixture.hear(ServerMessage::Event { event });
    assert_eq!(fixture.machine.role(), Some(Role::Owner));
}
