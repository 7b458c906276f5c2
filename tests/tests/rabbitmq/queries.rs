//! Questions have an end, and their answers a size.

use std::sync::Arc;

use sockbit_application::envelope::CoreReply;
use sockbit_application::ports::{Queries, QueryQueue, ReceivedQuery};
use sockbit_application::seal::MessageKind;
use sockbit_tests::contracts::bus::fixtures::{assert_silent, event, query, within_deadline};
use sockbit_tests::rabbitmq_namespace::{Namespace, keys};

#[tokio::test(flavor = "multi_thread")]
async fn a_question_past_its_deadline_is_asked_of_nobody() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let unanswered = within_deadline("the end", gateway.query(query(1))).await;
    assert!(unanswered.is_err(), "{unanswered:?}");

    let worker = bus.worker().await;

    assert_silent("a query", async { worker.next().await.map(|it| it.query) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_its_worker_drops_hinders_no_other() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    // More than a worker is sent ahead.
    for n in 0..100 {
        let asking = tokio::spawn({
            let gateway = Arc::clone(&gateway);
            async move { gateway.query(query(n)).await }
        });
        let ReceivedQuery { query: asked, reply } =
            within_deadline("a query", worker.next()).await.expect("one");
        assert_eq!(asked, query(n));
        drop(reply);
        asking.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_eight_megabytes_arrive() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let answer = CoreReply::Events((0..30_000).map(event).collect());
    let bytes = serde_json::to_vec(&answer).expect("it is JSON").len();
    assert!(bytes > 8 * 1024 * 1024, "{bytes}");
    let serving = tokio::spawn({
        let answer = answer.clone();
        async move {
            let asked = worker.next().await.expect("a query");
            (asked.reply)(answer);
            worker
        }
    });
    let answered = gateway.query(query(1)).await;
    assert!(answered.as_ref() == Ok(&answer), "{:?}", answered.err());
    drop(serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_of_ours_signed_is_asked_of_nobody() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let raw_client = bus.raw_client().await;
    let forged = keys(&[2]).seal(MessageKind::Queries, &query(1)).expect("it is JSON");
    let other = keys(&[1]).seal(MessageKind::Queries, &query(2)).expect("it is JSON");
    for bytes in [forged.as_slice(), &other, b"what?"] {
        raw_client.publish(bus.names().questions(), "questions", bytes).await;
    }
    let asking = tokio::spawn({
        let gateway = Arc::clone(&gateway);
        async move { gateway.query(query(3)).await }
    });

    let asked = within_deadline("a query", worker.next()).await.expect("the bus is open");

    assert_eq!(asked.query, query(3));
    (asked.reply)(CoreReply::Events(Vec::new()));
    assert_eq!(asking.await.expect("asking does not panic"), Ok(CoreReply::Events(Vec::new())));
}
