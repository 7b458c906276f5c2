//! Starting from a board snapshot at a position.

use sockbit_client::{BoardClient, BoardSnapshot, JoinState, PersistedState, ViewChange};
use sockbit_domain::wire::{BoardPage, ClientMessage, ServerMessage};
use sockbit_domain::{ActorId, RejectionCode, Role};
use uuid::Uuid;

use crate::fixture::*;

fn snapshot(seq: u64, texts: &[&str]) -> BoardPage {
    BoardPage {
        board: BOARD,
        title: title("A board"),
        role: Role::Editor,
        position: position(seq),
        notes: texts.iter().zip(10..).map(|(text, id)| note(id, text)).collect(),
        next: None,
    }
}

/// A client that starts from a snapshot and an earlier page's unsent state.
fn open_page(seq: u64, texts: &[&str], unsent: Option<PersistedState>) -> Fixture {
    let mut fixture = Fixture::empty();
    let actor = Some(ActorId(Uuid::from_u128(1)));
    let page = snapshot(seq, texts);
    fixture.machine = fixture
        .with(|_, clock_and_ids| BoardClient::from_snapshot(page, unsent, actor, clock_and_ids));
    fixture
}

/// The unsent state of a page on which " three" was typed after "one two", sent or not.
fn unsent_edit(is_sent: bool) -> Option<PersistedState> {
    let mut fixture = Fixture::live(&["one two"]);
    fixture.edit(&insert(7, " three"));
    if is_sent {
        fixture.flush();
    }
    fixture.machine.persisted_state()
}

#[test]
fn the_snapshot_is_shown_before_there_is_a_connection() {
    let mut fixture = open_page(5, &["one", "two"], None);
    let machine = &mut fixture.machine;
    assert_eq!(machine.take_changes(), [ViewChange::Reset, ViewChange::Board]);
    assert_eq!((machine.title(), machine.role()), ("A board", Some(Role::Editor)));
    assert_eq!((machine.notes().len(), machine.text(NOTE).as_str()), (2, "one"));
    assert_eq!(machine.position(), Some(position(5)));
    assert_eq!(machine.join_state(), JoinState::NotJoined);
}

#[test]
fn the_board_is_joined_at_the_position_of_the_snapshot_and_not_pulled() {
    let mut fixture = open_page(5, &["one"], None);
    fixture.connect();
    let join = ClientMessage::Join { board: BOARD, position: Some(position(5)) };
    assert_eq!(format!("{:?}", fixture.sent()), format!("{:?}", [join]));
    fixture.receive(joined(6));
    fixture.remote_event(6, edited(insert(0, "x")));
    assert_eq!(fixture.text(), "xone");
    assert!(fixture.sent().is_empty());
}

#[test]
fn an_edit_from_before_the_connection_is_based_on_the_joined_head() {
    let mut fixture = open_page(5, &["one"], None);
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
fn a_snapshot_whose_position_is_gone_is_replaced_by_a_pull() {
    let mut fixture = open_page(5, &["one"], None);
    fixture.edit(&insert(3, "!"));
    fixture.connect();
    fixture.pull(9, &["one and two"]);
    fixture.receive(joined(9));
    assert_eq!(fixture.machine.join_state(), JoinState::Live);
    assert_eq!(fixture.text(), "one and two!");
}

#[test]
fn a_pending_edit_is_rebased_onto_the_snapshot() {
    let fixture = open_page(9, &["1 two"], unsent_edit(false));
    assert_eq!(fixture.text(), "1 two three");
}

#[test]
fn a_pending_edit_is_rebased_onto_a_snapshot_older_than_its_base() {
    let mut fixture = open_page(3, &["one"], unsent_edit(false));
    assert_eq!(fixture.text(), "one three");
    fixture.connect();
    fixture.receive(joined(4));
    fixture.remote_event(4, edited(insert(3, " two")));
    assert_eq!(fixture.text(), "one two three");
}

#[test]
fn an_edit_in_flight_stays_as_shown_until_its_outcome() {
    let mut fixture = open_page(9, &["zero one two"], unsent_edit(true));
    assert_eq!(fixture.text(), "one two three");
    fixture.connect();
    fixture.receive(joined(9));
    let id = fixture.sent_command().id;
    fixture.receive(rejected(id, RejectionCode::BaseGone));
    assert_eq!(fixture.text(), "zero one two three");
}

#[test]
fn a_pending_edit_of_a_note_that_the_snapshot_does_not_have_becomes_a_draft() {
    let fixture = open_page(9, &[], unsent_edit(false));
    assert_eq!(fixture.drafts(), [("note_gone", "one two three")]);
}

#[test]
fn a_snapshot_beyond_the_head_is_replaced_by_a_pull() {
    let mut fixture = open_page(9, &["one"], None);
    fixture.connect();
    fixture.sent();
    fixture.receive(ServerMessage::Joined { board: BOARD, role: Role::Editor, head: position(8) });
    assert!(matches!(fixture.sent()[..], [ClientMessage::Query { .. }]));
}

#[test]
fn a_snapshot_with_notes_read_beyond_the_head_is_replaced_by_a_pull() {
    let mut fixture = Fixture::empty();
    let snapshot = BoardSnapshot { page: snapshot(5, &["one"]), read_at: vec![position(8)] };
    fixture.machine = fixture
        .with(|_, clock_and_ids| BoardClient::from_snapshot(snapshot, None, None, clock_and_ids));
    fixture.connect();
    fixture.sent();
    fixture.receive(joined(7));
    assert!(matches!(fixture.sent()[..], [ClientMessage::Query { .. }]));
}
