//! Queries while the store is unavailable.

use sockbit_domain::wire::Query;
use sockbit_domain::{NoteId, Seq};

use super::*;
use crate::bus_messages::{AdmissionQuery, CoreQuery, CoreReply, EventsQuery};
use crate::test_fixtures::{board_id, person, uuid};

fn unavailable_store() -> MockReadStore {
    let mut store = MockReadStore::new();
    store.expect_boards_of().returning(|_, _| Err(unavailable()));
    store.expect_board_statuses().returning(|_| Err(unavailable()));
    store.expect_event_pages().returning(|_, _| Err(unavailable()));
    store.expect_heads().returning(|_| Err(unavailable()));
    store
}

#[tokio::test]
async fn every_query_is_answered_unavailable_while_the_store_is_unavailable() {
    let (actor, board, note) = (person(1).id, board_id(1), NoteId(uuid(1)));
    let queries = [
        Query::MyBoards {},
        Query::BoardPage { board, after: None },
        Query::Note { board, note },
        Query::NoteHistory { board, note, before: None },
    ];
    let of_gateway = [
        CoreQuery::Admission(AdmissionQuery { actor, board, position: None }),
        CoreQuery::Events(EventsQuery { board, after: Seq(0), id: None }),
        CoreQuery::Heads { boards: vec![board] },
    ];
    let of_clients = queries.map(|query| CoreQuery::Client { actor, query });
    let (decisions, announcer) = (MockDecisionStore::new(), MockAnnouncer::new());
    let core = core_with(decisions, unavailable_store(), announcer, CountingIds::default());

    for query in of_clients.into_iter().chain(of_gateway) {
        assert_eq!(core.query(query.clone()).await, CoreReply::Unavailable, "{query:?}");
    }
}
