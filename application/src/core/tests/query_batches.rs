//! Batches of queries while the store fails, or some boards cannot be read.

use sockbit_domain::{BoardId, Event, Role, Seq, Title};

use super::*;
use crate::bus_messages::{
    Admission, AdmissionQuery, CoreQuery, CoreReply, EventPage, EventsQuery,
};
use crate::ports::{BoardStatus, MockStoreHealth};
use crate::test_fixtures::{board_id, person, position, renamed};

const UNREADABLE: u64 = 3;

fn core_reading(reads: MockReadStore, health: Result<(), StoreError>) -> Core {
    let mut health_check = MockStoreHealth::new();
    health_check.expect_check().returning(move || health.clone());
    let ports = CorePorts {
        decisions: Arc::new(MockDecisionStore::new()),
        reads: Arc::new(reads),
        health: Arc::new(health_check),
        announcer: Arc::new(MockAnnouncer::new()),
        clock: Arc::new(FixedClock),
        ids: Arc::new(CountingIds::default()),
    };
    Core::new(ports, Limits::default())
}

fn is_unreadable(board: BoardId) -> bool {
    number(board) == UNREADABLE
}

/// A store in which one board cannot be read, and each other one has its number as its head.
fn store_with_unreadable_board() -> MockReadStore {
    let mut store = MockReadStore::new();
    store.expect_board_statuses().returning(|requests| {
        if requests.iter().any(|it| is_unreadable(it.board)) {
            return Err(unavailable());
        }
        Ok(requests.iter().map(|it| Some(status(number(it.board)))).collect())
    });
    store.expect_event_pages().returning(|requests, _| {
        if requests.iter().any(|it| is_unreadable(it.board)) {
            return Err(unavailable());
        }
        Ok(requests.iter().map(|it| vec![renamed(number(it.board), it.after.0 + 1)]).collect())
    });
    store
}

fn status(head: u64) -> BoardStatus {
    BoardStatus {
        role: Some(Role::Editor),
        title: Title::stored("Ideas".to_owned()),
        head: position(head),
        event_at: None,
        bytes_since: 0,
        text_bytes: 0,
    }
}

fn admissions(boards: impl IntoIterator<Item = u64>) -> CoreQuery {
    let query =
        |board| AdmissionQuery { actor: person(1).id, board: board_id(board), position: None };
    CoreQuery::Admissions(boards.into_iter().map(query).collect())
}

fn admission(head: u64) -> Admission {
    Admission { role: Role::Editor, head: position(head), resumable: false }
}

fn events_query(board: u64) -> EventsQuery {
    EventsQuery { board: board_id(board), after: Seq(0), id: None }
}

#[tokio::test]
async fn one_unreadable_board_does_not_refuse_the_queries_for_others() {
    let core = core_reading(store_with_unreadable_board(), Ok(()));

    let reply = core.query(admissions(1..=4)).await;
    let admitted = |board| Some(Ok(admission(board)));
    let expected = vec![admitted(1), admitted(2), None, admitted(4)];
    assert_eq!(reply, CoreReply::Admissions(expected));

    let pages = (2..=4).map(events_query).collect();
    let page = |board| Some(EventPage::Events(vec![renamed(board, 1)]));
    let reply = core.query(CoreQuery::EventPages(pages)).await;
    assert_eq!(reply, CoreReply::EventPages(vec![page(2), None, page(4)]));
}

#[tokio::test]
async fn queries_are_not_answered_alone_while_the_store_is_unavailable() {
    let mut store = MockReadStore::new();
    store.expect_board_statuses().times(1).returning(|_| Err(unavailable()));
    store.expect_event_pages().times(1).returning(|_, _| Err(unavailable()));
    let core = core_reading(store, Err(unavailable()));

    assert_eq!(core.query(admissions(1..=3)).await, CoreReply::Admissions(vec![None; 3]));
    let pages = (1..=3).map(events_query).collect();
    let reply = core.query(CoreQuery::EventPages(pages)).await;
    assert_eq!(reply, CoreReply::EventPages(vec![None; 3]));
}

#[tokio::test]
async fn more_pages_in_one_reply_are_smaller() {
    const KIB: usize = 1024;
    for (pages, bytes_max) in [(1, 192 * KIB), (8, 128 * KIB), (64, 16 * KIB), (200, 16 * KIB)] {
        let mut store = MockReadStore::new();
        store
            .expect_event_pages()
            .times(1)
            .withf(move |_, bytes| *bytes == bytes_max)
            .returning(|requests, _| Ok(vec![vec![renamed(1, 1)]; requests.len()]));
        let core = core_reading(store, Ok(()));
        core.query(CoreQuery::EventPages((0..pages).map(events_query).collect())).await;
    }
}

#[tokio::test]
async fn pages_that_a_verified_event_fills_are_read_again_in_one_call() {
    // A page has room for one event: the one with the id that is verified.
    let log = |after: Seq| -> Vec<Event> {
        (after.0 + 1..=5).map(|seq| renamed(1, seq)).take(1).collect()
    };
    let mut store = MockReadStore::new();
    store
        .expect_event_pages()
        .times(2)
        .returning(move |requests, _| Ok(requests.iter().map(|it| log(it.after)).collect()));
    let core = core_reading(store, Ok(()));
    let query = |seq, id| EventsQuery { board: board_id(1), after: Seq(seq), id };
    let queries = vec![
        query(2, Some(position(2).event)),
        query(3, None),
        query(4, Some(position(1).event)),
        query(4, Some(position(4).event)),
    ];

    let reply = core.query(CoreQuery::EventPages(queries)).await;

    let page = |seq| Some(EventPage::Events(vec![renamed(1, seq)]));
    let expected = vec![page(3), page(4), Some(EventPage::HistoryDiverged), page(5)];
    assert_eq!(reply, CoreReply::EventPages(expected));
}
