//! Clauses about queries from gateways and replies from workers.

use std::collections::BTreeSet;
use std::sync::Arc;

use sockbit_application::bus_messages::{
    Admission, AdmissionQuery, CoreQuery, CoreReply, EventPage, EventsQuery,
};
use sockbit_application::ports::{ReceivedQuery, Unavailable};
use sockbit_domain::wire::{Query, Reply};
use sockbit_domain::{ActorId, BoardId, Rejection, RejectionCode, Role};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::fixtures::{assert_silent, event, events_query, head, query, uuid, within_deadline};
use super::{Bus, GatewayPorts, WorkerPorts};

async fn next(worker: &WorkerPorts) -> ReceivedQuery {
    within_deadline("a query", worker.queries.next()).await.expect("the bus is open")
}

/// Sends a query from a task of its own.
fn spawn_query(
    gateway: &GatewayPorts,
    query: CoreQuery,
) -> JoinHandle<Result<CoreReply, Unavailable>> {
    let queries = Arc::clone(&gateway.queries);
    tokio::spawn(async move { queries.query(query).await })
}

async fn reply_of(
    pending: JoinHandle<Result<CoreReply, Unavailable>>,
) -> Result<CoreReply, Unavailable> {
    within_deadline("a reply", pending).await.expect("the query does not panic")
}

fn number(query: &CoreQuery) -> u64 {
    match query {
        CoreQuery::Events(EventsQuery { after, .. }) => after.0,
        other => panic!("an unexpected query: {other:?}"),
    }
}

/// The reply to the query with this number, which fits no other query.
fn reply_to(number: u64) -> CoreReply {
    CoreReply::Events(vec![event(number)])
}

pub async fn a_query_arrives_unchanged_and_gets_its_reply(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let (actor, board) = (ActorId(uuid(1)), BoardId(uuid(2)));
    let rejection = Rejection::new(RejectionCode::NotFound, "\"not\" for you\n");
    let exchanges = [
        (
            CoreQuery::Client { actor, query: Query::BoardPage { board, after: None } },
            CoreReply::Client(Reply::Rejected(rejection.clone())),
        ),
        (
            CoreQuery::Admission(AdmissionQuery { actor, board, position: Some(head(3)) }),
            CoreReply::Admission(Err(rejection)),
        ),
        (query(5), CoreReply::Events((1..=100).map(event).collect())),
        (CoreQuery::Heads { boards: vec![board] }, CoreReply::Heads(vec![(board, head(9))])),
        (query(6), CoreReply::Unavailable),
    ];
    for (query, expected) in exchanges {
        let pending = spawn_query(&gateway, query.clone());
        let received = next(&worker).await;
        assert_eq!(received.query, query);
        (received.reply)(expected.clone());
        assert_eq!(reply_of(pending).await, Ok(expected));
    }
}

/// Replies to every query, and reports its number.
fn serve(worker: WorkerPorts, numbers: mpsc::UnboundedSender<u64>, tasks: &mut JoinSet<()>) {
    tasks.spawn(async move {
        while let Some(ReceivedQuery { query, reply }) = worker.queries.next().await {
            let number = number(&query);
            numbers.send(number).unwrap_or_default();
            tokio::task::yield_now().await;
            reply(reply_to(number));
        }
    });
}

pub async fn concurrent_queries_get_their_own_replies(bus: Arc<dyn Bus>) {
    let gateways = [bus.gateway().await, bus.gateway().await];
    let mut tasks = JoinSet::new();
    let (sender, _receiver) = mpsc::unbounded_channel();
    for _ in 0..2 {
        serve(bus.worker().await, sender.clone(), &mut tasks);
    }

    let numbers = (0..200).zip(gateways.iter().cycle());
    let pending: Vec<_> = numbers.map(|(n, gateway)| (n, spawn_query(gateway, query(n)))).collect();

    for (n, pending) in pending {
        assert_eq!(reply_of(pending).await, Ok(reply_to(n)));
    }
}

pub async fn each_query_goes_to_exactly_one_worker(bus: Arc<dyn Bus>) {
    const QUERIES: usize = 100;
    let gateway = bus.gateway().await;
    let mut tasks = JoinSet::new();
    let (sender, mut served) = mpsc::unbounded_channel();
    for _ in 0..3 {
        serve(bus.worker().await, sender.clone(), &mut tasks);
    }
    let pending: Vec<_> = (0..QUERIES as u64).map(|n| spawn_query(&gateway, query(n))).collect();
    for pending in pending {
        reply_of(pending).await.expect("a reply");
    }

    let mut seen = BTreeSet::new();
    while seen.len() < QUERIES {
        let number = within_deadline("a query", served.recv()).await.expect("the workers run");
        assert!(seen.insert(number), "query {number} reached two workers");
    }
    assert_silent("one more query", served.recv()).await;
}

pub async fn a_query_without_a_reply_fails_in_time(bus: Arc<dyn Bus>) {
    let gateway = bus.gateway().await;
    let without_worker = reply_of(spawn_query(&gateway, query(1))).await;
    assert!(without_worker.is_err(), "{without_worker:?}");

    let worker = bus.worker().await;
    let pending = spawn_query(&gateway, query(2));
    let mut received = vec![next(&worker).await];
    while received.iter().all(|it| number(&it.query) != 2) {
        received.push(next(&worker).await);
    }
    let without_reply = reply_of(pending).await;
    assert!(without_reply.is_err(), "{without_reply:?}");
    drop(received);
}

pub async fn a_query_whose_worker_is_gone_fails_in_time(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let pending = spawn_query(&gateway, query(1));
    drop(next(&worker).await);
    drop(worker);
    let without_reply = reply_of(pending).await;
    assert!(without_reply.is_err(), "{without_reply:?}");
}

/// Sends a query and cancels it before the reply.
async fn send_and_cancel(gateway: &GatewayPorts, number: u64) {
    let pending = spawn_query(gateway, query(number));
    tokio::task::yield_now().await;
    pending.abort();
    assert!(pending.await.is_err_and(|error| error.is_cancelled()));
}

pub async fn cancelled_queries_do_not_block_later_ones(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for n in 1..=10 {
        send_and_cancel(&gateway, n).await;
    }
    let pending = spawn_query(&gateway, query(11));
    let mut tasks = JoinSet::new();
    let (sender, _receiver) = mpsc::unbounded_channel();
    serve(worker, sender, &mut tasks);
    assert_eq!(reply_of(pending).await, Ok(reply_to(11)));
}

pub async fn a_late_reply_does_not_answer_another_query(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let cancelled = spawn_query(&gateway, query(1));
    let late = next(&worker).await;
    cancelled.abort();
    let pending = spawn_query(&gateway, query(2));
    let received = next(&worker).await;

    (late.reply)(reply_to(1));
    (received.reply)(reply_to(2));

    assert_eq!(reply_of(pending).await, Ok(reply_to(2)));
}

/// A query after a position with this number, or after none.
fn admission_query(number: Option<u64>) -> AdmissionQuery {
    let (actor, board) = (ActorId(uuid(1)), BoardId(uuid(2)));
    AdmissionQuery { actor, board, position: number.map(head) }
}

/// The admission to a head with the number of the position; `None` without a position.
fn admission_after(query: &AdmissionQuery) -> Option<Result<Admission, Rejection>> {
    Some(Ok(Admission { role: Role::Editor, head: query.position?, resumable: true }))
}

fn page_after(query: &EventsQuery) -> EventPage {
    EventPage::Events(vec![event(query.after.0)])
}

/// The reply to a batch or, where the bus sends its queries alone, to one of them.
fn reply_to_any(query: &CoreQuery) -> CoreReply {
    match query {
        CoreQuery::Admissions(batch) => {
            CoreReply::Admissions(batch.iter().map(admission_after).collect())
        }
        CoreQuery::Admission(query) => {
            admission_after(query).map_or(CoreReply::Unavailable, CoreReply::Admission)
        }
        CoreQuery::EventPages(batch) => {
            CoreReply::EventPages(batch.iter().map(page_after).map(Some).collect())
        }
        CoreQuery::Events(query) => reply_to(query.after.0),
        other => panic!("an unexpected query: {other:?}"),
    }
}

pub async fn a_batch_has_one_reply_for_each_query_in_their_order(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Some(ReceivedQuery { query, reply }) = worker.queries.next().await {
            reply(reply_to_any(&query));
        }
    });
    let admissions = [Some(3), None, Some(1), Some(2)].map(admission_query).to_vec();
    let pages = [3, 1, 2, 1].map(events_query).to_vec();
    for batch in [CoreQuery::Admissions(admissions), CoreQuery::EventPages(pages)] {
        let expected = reply_to_any(&batch);
        // The gateway may learn meanwhile that the worker reads batches.
        for _ in 0..3 {
            assert_eq!(reply_of(spawn_query(&gateway, batch.clone())).await, Ok(expected.clone()));
        }
    }
}
