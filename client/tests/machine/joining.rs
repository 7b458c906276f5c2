//! Joining: at a position, or after pulling the whole board.

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
fn an_unknown_board_is_pulled_page_by_page_and_joined_at_the_position_of_the_first_page() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    assert_eq!(joins(&fixture.sent()), [None]);
    fixture.receive(base_gone(5));
    fixture.page(5, vec![note(10, "one")], Some(NOTE));
    assert!(fixture.machine.notes().is_empty(), "a part is not shown");
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
    fixture.receive(ServerMessage::Reply { id: *id, body: Reply::BoardPage(page) });
    assert_eq!(joins(&fixture.sent()), [Some(Seq(5))]);
    assert_eq!(fixture.machine.notes().len(), 2);
    assert_eq!((fixture.machine.title(), fixture.machine.role()), ("A board", Some(Role::Owner)));
}

#[test]
fn a_check_joins_again_and_stays_live() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.remote_event(6, edited(insert(0, "x")));
    fixture.machine.check();
    assert_eq!(joins(&fixture.sent()), [Some(Seq(6))]);
    assert_eq!(fixture.machine.join_state(), JoinState::Live);
}

#[test]
fn a_postponed_check_ends_the_join_and_joins_after_the_pause() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.machine.check();
    fixture.sent();
    fixture.receive(ServerMessage::Again { id: None, board: Some(BOARD), after_ms: 300 });
    assert_ne!(
        fixture.machine.join_state(),
        JoinState::Live,
        "the server sends no events until the next join"
    );
    fixture.tick(300);
    assert_eq!(joins(&fixture.sent()).len(), 1);
}

#[test]
fn a_known_board_is_joined_at_its_position() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.remote_event(6, edited(insert(0, "x")));
    fixture.reconnect();
    assert_eq!(joins(&fixture.sent()), [Some(Seq(6))]);
    assert_eq!(fixture.machine.join_state(), JoinState::Joining);
    fixture.receive(joined(6));
    assert_eq!(fixture.machine.join_state(), JoinState::Live);
}

#[test]
fn applied_events_are_ignored() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.remote_event(6, edited(insert(0, "x")));
    fixture.remote_event(6, edited(insert(0, "x")));
    fixture.remote_event(4, edited(insert(0, "y")));
    assert_eq!(fixture.text(), "xone");
}

#[test]
fn a_gap_is_filled_by_joining_again() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.remote_event(7, edited(insert(0, "late ")));
    fixture.remote_event(8, edited(insert(0, "later ")));
    assert_eq!(joins(&fixture.sent()), [Some(Seq(5))], "once");
    assert_eq!(fixture.text(), "one");
    fixture.receive(joined(7));
    fixture.remote_event(6, edited(insert(0, "early ")));
    fixture.remote_event(7, edited(insert(0, "late ")));
    assert_eq!(fixture.text(), "late early one");
}

#[test]
fn a_squashed_event_that_is_partly_applied_is_a_gap() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.receive(range(4, 6, REMOTE_MESSAGE, edited(insert(0, "x"))));
    assert_eq!(fixture.text(), "one");
    assert_eq!(joins(&fixture.sent()), [Some(Seq(5))]);
}

#[test]
fn the_board_is_pulled_when_a_note_contains_a_part_of_a_squashed_event() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.receive(base_gone(5));
    let newer = sockbit_domain::Note { seq: Seq(7), ..note(10, "one two") };
    fixture.page(5, vec![newer], None);
    fixture.receive(joined(8));
    fixture.sent();
    fixture.receive(range(6, 8, REMOTE_MESSAGE, edited(insert(0, "one two three"))));
    assert_eq!(fixture.text(), "one two");
    assert_eq!(joins(&fixture.sent()), [None]);
}

#[test]
fn a_squashed_event_that_a_note_contains_is_ignored() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.receive(base_gone(5));
    let newer = sockbit_domain::Note { seq: Seq(8), ..note(10, "one two three") };
    fixture.page(5, vec![newer], None);
    fixture.receive(joined(8));
    fixture.sent();
    fixture.receive(range(6, 8, REMOTE_MESSAGE, edited(insert(0, "one two three"))));
    assert_eq!(fixture.text(), "one two three");
    assert_eq!(joins(&fixture.sent()), []);
}

#[test]
fn the_board_is_pulled_when_an_event_does_not_fit() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.remote_event(6, edited(insert(99, "x")));
    assert_eq!(joins(&fixture.sent()), [None]);
    assert_eq!(fixture.text(), "one");
}

#[test]
fn an_event_changes_only_notes_with_a_lower_seq() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.receive(base_gone(5));
    let newer = sockbit_domain::Note { seq: Seq(7), ..note(10, "x one") };
    fixture.page(5, vec![newer], None);
    fixture.receive(joined(7));
    fixture.remote_event(6, edited(Delta::new().insert("x")));
    fixture.remote_event(7, edited(Delta::new().retain(1).insert(" ")));
    assert_eq!((fixture.text().as_str(), fixture.machine.position()), ("x one", Some(position(7))));
}

/// A client that pulled a board in two pages, the second two events later.
fn pulled_on_two_pages() -> Fixture {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.sent();
    fixture.receive(base_gone(5));
    fixture.page(5, vec![note(10, "one")], Some(NOTE));
    fixture.page(7, vec![note(11, "two")], None);
    assert_eq!(joins(&fixture.sent()), [Some(Seq(5))]);
    fixture
}

#[test]
fn the_board_is_pulled_when_a_page_is_beyond_the_head() {
    let mut fixture = pulled_on_two_pages();
    fixture.receive(joined(6));
    assert!(matches!(fixture.sent()[..], [ClientMessage::Query { .. }]));
}

#[test]
fn the_board_is_pulled_when_an_event_contradicts_a_page() {
    let mut fixture = pulled_on_two_pages();
    fixture.receive(joined(7));
    fixture.remote_event(6, Change::BoardRenamed { title: title("new") });
    assert_eq!(joins(&fixture.sent()), []);
    let ServerMessage::Event { event } =
        event(7, MessageId(uuid::Uuid::nil()), Change::BoardRenamed { title: title("other") })
    else {
        panic!("it is an event");
    };
    let id = sockbit_domain::EventId(uuid::Uuid::nil());
    fixture.receive(ServerMessage::Event { event: sockbit_domain::Event { id, ..event } });
    assert_eq!(joins(&fixture.sent()), [None]);
}

#[test]
fn a_rejected_join_has_a_reason() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.receive(ServerMessage::Left { board: BOARD, rejection: Some(not_found()) });
    assert_eq!(fixture.machine.join_state(), JoinState::Refused);
    let code = fixture.machine.refusal().map(|reason| reason.code.as_str());
    assert_eq!(code, Some("not_found"));
}

#[test]
fn a_rejected_page_refuses_the_board() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.receive(base_gone(5));
    let sent = fixture.sent();
    let Some(ClientMessage::Query { id, .. }) = sent.last() else { panic!("{sent:?}") };
    fixture.receive(ServerMessage::Reply { id: *id, body: Reply::Rejected(not_found()) });
    assert_eq!(fixture.machine.join_state(), JoinState::Refused);
}

#[test]
fn a_postponed_join_and_a_postponed_page_are_requested_again() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.sent();
    fixture.receive(ServerMessage::Again { id: None, board: Some(BOARD), after_ms: 300 });
    fixture.tick(299);
    assert!(fixture.sent().is_empty());
    fixture.tick(1);
    assert_eq!(joins(&fixture.sent()), [None]);
    fixture.receive(base_gone(5));
    let sent = fixture.sent();
    let Some(ClientMessage::Query { id, .. }) = sent.last() else { panic!("{sent:?}") };
    fixture.receive(ServerMessage::Again { id: Some(*id), board: None, after_ms: 300 });
    fixture.tick(300);
    fixture.page(5, vec![note(10, "one")], None);
    assert_eq!(fixture.text(), "one");
}

#[test]
fn a_postponed_later_page_is_requested_after_the_same_note() {
    let mut fixture = Fixture::empty();
    fixture.connect();
    fixture.receive(base_gone(5));
    fixture.page(5, vec![note(10, "one")], Some(NOTE));
    let sent = fixture.sent();
    let Some(ClientMessage::Query { id, .. }) = sent.last() else { panic!("{sent:?}") };
    fixture.receive(ServerMessage::Again { id: Some(*id), board: None, after_ms: 300 });
    fixture.tick(300);
    let sent = fixture.sent();
    let Some(ClientMessage::Query { query: Query::BoardPage { after, .. }, .. }) = sent.last()
    else {
        panic!("{sent:?}");
    };
    assert_eq!(*after, Some(NOTE));
}

#[test]
fn a_command_for_the_membership_is_sent_before_the_join() {
    let mut fixture = Fixture::empty();
    fixture.submit(Command::TrashNote { note: NOTE });
    let id = fixture.with(|_, clock_and_ids| MessageId((clock_and_ids.mint)()));
    let key = Some("key".to_owned());
    fixture.machine.submit(Command::JoinBoard {}, id, fixture.now(), key).expect("not an edit");
    fixture.connect();
    let sent = fixture.sent_command();
    assert_eq!((sent.id, sent.key.as_deref()), (id, Some("key")));
    fixture.receive(saved(id, 5));
    assert_eq!(joins(&fixture.sent()), [None]);
}

#[test]
fn an_event_of_the_own_membership_changes_the_role() {
    let mut fixture = Fixture::live(&[]);
    let joined = event(6, REMOTE_MESSAGE, Change::MemberJoined { role: Role::Owner });
    let ServerMessage::Event { event } = joined else { panic!("an event") };
    let event = sockbit_domain::Event { actor: actor(1), ..event };
    fixture.receive(ServerMessage::Event { event });
    assert_eq!(fixture.machine.role(), Some(Role::Owner));
}
