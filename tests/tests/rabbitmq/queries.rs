//! Deadlines of queries, and large replies.

use std::sync::Arc;

use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::CoreReply;
use sockbit_application::ports::{Queries, QueryQueue, ReceivedQuery};
use sockbit_tests::contracts::bus::fixtures::{assert_silent, event, query, within_deadline};
use sockbit_tests::rabbitmq_namespace::{Namespace, keys};

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_query_is_not_delivered() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let result = within_deadline("the end", gateway.query(query(1))).await;
    assert!(result.is_err(), "{result:?}");

    let worker = bus.worker().await;

    assert_silent("a query", async { worker.next().await.map(|it| it.query) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_a_worker_drops_do_not_block_others() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    // More than a worker prefetches.
    for n in 0..100 {
        let querying = tokio::spawn({
            let gateway = Arc::clone(&gateway);
            async move { gateway.query(query(n)).await }
        });
        let ReceivedQuery { query: received, reply } =
            within_deadline("a query", worker.next()).await.expect("one");
        assert_eq!(received, query(n));
        drop(reply);
        querying.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_of_eight_megabytes_arrive() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let reply = CoreReply::Events((0..30_000).map(event).collect());
    let bytes = serde_json::to_vec(&reply).expect("valid JSON").len();
    assert!(bytes > 8 * 1024 * 1024, "{bytes}");
    let serving = async {
        while let Some(received) = worker.next().await {
            (received.reply)(reply.clone());
        }
    };
    // Repeated, since a busy machine may miss the deadline of a query.
    let replied = async {
        loop {
            if let Ok(received) = gateway.query(query(1)).await {
                break received;
            }
        }
    };

    let received = tokio::select! {
        received = within_deadline("a reply", replied) => received,
        () = serving => panic!("the bus was closed"),
    };

    assert!(received == reply);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_with_a_wrong_signature_is_not_delivered() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let amqp_client = bus.amqp_client().await;
    let forged = keys(&[2]).sign(MessageKind::Queries, &query(1)).expect("valid JSON");
    let other = keys(&[1]).sign(MessageKind::Queries, &query(2)).expect("valid JSON");
    for bytes in [forged.as_slice(), &other, b"what?"] {
        amqp_client.publish(bus.names().queries(), "questions", bytes).await;
    }
    let querying = tokio::spawn({
        let gateway = Arc::clone(&gateway);
        async move { gateway.query(query(3)).await }
    });

    let received = within_deadline("a query", worker.next()).await.expect("the bus is open");

    assert_eq!(received.query, query(3));
    (received.reply)(CoreReply::Events(Vec::new()));
    assert_eq!(querying.await.expect("no panic"), Ok(CoreReply::Events(Vec::new())));
}
