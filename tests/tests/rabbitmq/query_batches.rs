//! Batches of queries, while some workers are of the previous version.

use std::sync::Arc;

use futures::{FutureExt, StreamExt};
use lapin::options::{BasicConsumeOptions, BasicPublishOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Consumer};
use serde_json::{Value, json};
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::{CoreQuery, CoreReply, EventPage};
use sockbit_application::ports::{Queries, QueryQueue, Unavailable};
use sockbit_rabbitmq::{GatewayEndpoint, WorkerEndpoint};
use sockbit_tests::contracts::bus::fixtures::{event, events_query, uuid, within_deadline};
use sockbit_tests::rabbitmq_namespace::{AmqpClient, Namespace, WORK_QUEUES, keys};
use sockbit_tests::system::eventually;
use tokio::task::JoinHandle;

use crate::endpoint_helpers::until_healthy;

type QueryResult = Result<CoreReply, Unavailable>;

fn batch(numbers: impl IntoIterator<Item = u64>) -> CoreQuery {
    CoreQuery::EventPages(numbers.into_iter().map(events_query).collect())
}

fn pages(numbers: impl IntoIterator<Item = u64>) -> CoreReply {
    let page = |number| Some(EventPage::Events(vec![event(number)]));
    CoreReply::EventPages(numbers.into_iter().map(page).collect())
}

fn spawn_query(gateway: &Arc<GatewayEndpoint>, query: CoreQuery) -> JoinHandle<QueryResult> {
    let gateway = Arc::clone(gateway);
    tokio::spawn(async move { gateway.query(query).await })
}

async fn reply_of(pending: JoinHandle<QueryResult>) -> QueryResult {
    within_deadline("a reply", pending).await.expect("no panic")
}

/// Waits until no worker is known to be alive.
async fn until_without_workers(gateway: &GatewayEndpoint) {
    let error = async || gateway.health().err().filter(|it| it.contains("no worker"));
    eventually("the worker to be gone", error).await;
}

/// A worker of the previous version: it consumes single queries only, and its heartbeats and replies
/// have the fields of that version.
struct PreviousWorker {
    bus: Arc<Namespace>,
    client: AmqpClient,
    queries: Consumer,
}

impl PreviousWorker {
    async fn start(bus: &Arc<Namespace>) -> Self {
        let client = bus.amqp_client().await;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let queue = bus.names().queries();
        let consuming =
            client.channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        let queries = consuming.await.expect("the broker responds");
        Self { bus: Arc::clone(bus), client, queries }
    }

    async fn send_heartbeat(&self) {
        let heartbeat = json!({
            "worker": uuid(5), "work_queues": WORK_QUEUES, "version": "0.0.9", "leaves": false,
            "hears_at": "worker.5.0", "interval_milliseconds": 60_000,
        });
        self.publish("workers", MessageKind::Heartbeat, &heartbeat).await;
    }

    /// The next query, with the address for its reply.
    async fn next(&mut self) -> Value {
        let delivery = within_deadline("a query", self.queries.next()).await;
        let delivery = delivery.expect("the queue exists").expect("the broker responds");
        keys(&[1]).verify(MessageKind::Queries, &delivery.data).expect("a query")
    }

    /// Replies to the next query for events with the event of its number.
    async fn serve(&mut self) -> u64 {
        let query = self.next().await;
        let number = query.pointer("/question/events/after").and_then(Value::as_u64);
        let number = number.expect("a single query for events");
        self.reply(&query, json!({ "events": [event(number)] })).await;
        number
    }

    async fn reply(&self, query: &Value, answer: Value) {
        let gateway = query["gateway"].as_str().expect("an address");
        let reply = json!({ "gateway": gateway, "number": query["number"], "answer": answer });
        self.publish(&format!("gateway.{gateway}"), MessageKind::Replies, &reply).await;
    }

    async fn publish(&self, key: &str, kind: MessageKind, message: &Value) {
        let body = keys(&[1]).sign(kind, message).expect("it is JSON");
        let properties = BasicProperties::default().with_type(kind.name().into());
        let (exchange, options) = (self.bus.names().announce(), BasicPublishOptions::default());
        let publishing = self.client.channel.basic_publish(
            exchange.into(),
            key.into(),
            options,
            &body,
            properties,
        );
        publishing.await.expect("the broker responds");
    }
}

/// Serves one batch with a worker of this version.
async fn serve_batch(worker: &WorkerEndpoint, numbers: &[u64]) {
    let received = within_deadline("a query", worker.next()).await.expect("the bus is open");
    assert_eq!(received.query, batch(numbers.iter().copied()));
    (received.reply)(pages(numbers.iter().copied()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_one_message_to_a_worker_that_reads_batches() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    until_healthy(|| gateway.health()).await;

    let pending = spawn_query(&gateway, batch(1..=3));
    serve_batch(&worker, &[1, 2, 3]).await;

    assert_eq!(reply_of(pending).await, Ok(pages(1..=3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_the_previous_version_receive_the_queries_of_a_batch_alone() {
    let bus = Arc::new(Namespace::fresh());
    let gateway = bus.gateway().await;
    let mut previous = PreviousWorker::start(&bus).await;
    eventually("the gateway to know the worker", async || {
        previous.send_heartbeat().await;
        gateway.health().ok()
    })
    .await;

    let pending = spawn_query(&gateway, batch(1..=3));
    let mut served = Vec::new();
    for _ in 1..=3 {
        served.push(previous.serve().await);
    }

    served.sort_unstable();
    assert_eq!(served, [1, 2, 3]);
    assert_eq!(reply_of(pending).await, Ok(pages(1..=3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_fails_alone_does_not_fail_its_batch() {
    let bus = Arc::new(Namespace::fresh());
    let gateway = bus.gateway().await;
    let mut previous = PreviousWorker::start(&bus).await;

    let pending = spawn_query(&gateway, batch([1, 2]));
    for _ in 1..=2 {
        let query = previous.next().await;
        let is_first = query.pointer("/question/events/after") == Some(&json!(1));
        let answer = if is_first { json!("unavailable") } else { json!({ "events": [event(2)] }) };
        previous.reply(&query, answer).await;
    }

    let page = EventPage::Events(vec![event(2)]);
    assert_eq!(reply_of(pending).await, Ok(CoreReply::EventPages(vec![None, Some(page)])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_follows_workers_that_read_batches_as_they_leave_and_return() {
    let bus = Arc::new(Namespace::fresh());
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    until_healthy(|| gateway.health()).await;
    worker.close().await;
    until_without_workers(&gateway).await;

    let mut previous = PreviousWorker::start(&bus).await;
    let pending = spawn_query(&gateway, batch([1, 2]));
    assert_eq!(previous.serve().await + previous.serve().await, 3);
    assert_eq!(reply_of(pending).await, Ok(pages([1, 2])));

    let worker = bus.worker().await;
    until_healthy(|| gateway.health()).await;
    let pending = spawn_query(&gateway, batch([1, 2]));
    serve_batch(&worker, &[1, 2]).await;
    assert_eq!(reply_of(pending).await, Ok(pages([1, 2])));
    assert!(previous.queries.next().now_or_never().is_none(), "the batch is not sent twice");
}
