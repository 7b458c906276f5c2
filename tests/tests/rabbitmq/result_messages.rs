//! The messages in which a worker publishes the events and outcomes of a batch.

use futures::StreamExt;
use lapin::Consumer;
use lapin::message::Delivery;
use sockbit_application::bus_messages::{Address, OutcomeEnvelope};
use sockbit_application::ports::Announcer;
use sockbit_application::slot::Slot;
use sockbit_tests::contracts::bus::fixtures::{announcement, command, saved, within_deadline};
use sockbit_tests::rabbitmq_namespace::Namespace;

use crate::endpoint_helpers::ports;

/// Every message to gateways, whatever its routing key.
const ALL_KEYS: &str = "#";

/// The next messages to gateways with their types, without heartbeats.
async fn next_results(messages: &mut Consumer, count: usize) -> Vec<(String, Delivery)> {
    let mut results = Vec::new();
    while results.len() < count {
        let message = within_deadline("a message", messages.next()).await;
        let message = message.expect("the queue exists").expect("the broker responds");
        let kind = message.properties.kind().as_ref().map_or("", |it| it.as_str()).to_owned();
        if kind != "presence" {
            results.push((kind, message));
        }
    }
    results
}

/// An outcome for a gateway, of a command to the board of [`announcement`]'s event.
async fn outcome(bus: &Namespace) -> OutcomeEnvelope {
    saved(&command(&ports(&bus.gateway().await), 1, 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_and_outcomes_of_a_slot_are_one_message() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    let mut messages = bus.amqp_client().await.subscribe(bus.names().announce(), ALL_KEYS).await;
    let outcomes = vec![outcome(&bus).await, outcome(&bus).await];
    let slot = Slot::of(outcomes[0].board).0;

    let publishing = worker.publish(vec![announcement(slot, 1)], outcomes);
    publishing.await.expect("the bus is available");
    let publishing = worker.publish(vec![announcement(slot, 2)], Vec::new());
    publishing.await.expect("the bus is available");

    let results = next_results(&mut messages, 2).await;
    assert!(results.iter().all(|(kind, _)| kind == "announcements"), "{results:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_of_an_earlier_version_receives_outcomes_without_events() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    let mut messages = bus.amqp_client().await.subscribe(bus.names().announce(), ALL_KEYS).await;
    let outcome = outcome(&bus).await;
    let to = Address { reads_outcomes_with_events: false, ..outcome.to };
    let slot = Slot::of(outcome.board).0;

    let outcomes = vec![OutcomeEnvelope { to, ..outcome }];
    let publishing = worker.publish(vec![announcement(slot, 1)], outcomes);
    publishing.await.expect("the bus is available");

    let results = next_results(&mut messages, 2).await;
    let kinds: Vec<_> = results.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["announcements", "answers"]);
    let announced = String::from_utf8_lossy(&results[0].1.data);
    assert!(!announced.contains("outcomes"), "{announced}");
}
