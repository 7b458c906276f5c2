//! A network that fails, and somebody who deletes things.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use sockbit_application::ports::{Announcements, Announcer, Commands, Queries, SendError};
use sockbit_application::slot::Slot;
use sockbit_rabbitmq::{connect_gateway, connect_worker};
use sockbit_tests::contracts::bus::fixtures::{announcement, query, within_deadline};
use sockbit_tests::proxy::NetworkState;
use sockbit_tests::rabbitmq_namespace::{FixedClock, Namespace};
use sockbit_tests::system::eventually;
use tokio::time::{Instant, timeout};

use crate::support::{
    assert_hears, assert_is_interrupted, commands, send_until_taken, take_numbers, take_until,
    until_away, until_well,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_confirmed_is_unknown_and_may_have_arrived() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    let (proxy, url) = bus.proxy().await;
    let gateway = connect_gateway(bus.settings_with_url(&url)).await.expect("the broker is there");
    send_until_taken(&gateway, &commands(&gateway, 0..1)).await;
    take_until(&worker, 0).await;

    proxy.set(NetworkState::ResponsesLost);
    let sent = within_deadline("a verdict", gateway.send(commands(&gateway, 1..2))).await;

    assert!(matches!(sent, Err(SendError::Unknown(_))), "{sent:?}");
    assert_eq!(take_numbers(&worker, 1).await, [1], "it did arrive");
    proxy.set(NetworkState::Healthy);
    send_until_taken(&gateway, &commands(&gateway, 2..3)).await;
    take_until(&worker, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_cut_off_says_so_and_hears_again() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    let (proxy, url) = bus.proxy().await;
    let gateway = connect_gateway(bus.settings_with_url(&url)).await.expect("the broker is there");
    gateway.subscribe(Slot(7)).await.expect("the bus is there");
    assert_hears(&gateway, &worker, 7, 1).await;

    proxy.set(NetworkState::Down);
    until_away(&gateway).await;
    let sent = within_deadline("a verdict", gateway.send(commands(&gateway, 0..1))).await;
    assert!(matches!(sent, Err(SendError::Refused(_))), "{sent:?}");
    let asked = within_deadline("a verdict", gateway.query(query(1))).await;
    assert!(asked.is_err(), "{asked:?}");
    proxy.set(NetworkState::Healthy);

    gateway.subscribe(Slot(8)).await.expect("it comes back in time");
    assert_is_interrupted(&gateway).await;
    assert_hears(&gateway, &worker, 7, 2).await;
    assert_hears(&gateway, &worker, 8, 3).await;
    until_well(|| gateway.health()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_long_while_the_broker_is_away() {
    let bus = Namespace::fresh();
    let (proxy, url) = bus.proxy().await;
    let gateway = connect_gateway(bus.settings_with_url(&url)).await.expect("the broker is there");
    proxy.set(NetworkState::Down);
    until_away(&gateway).await;

    let begun = Instant::now();
    let (sent, asked, heard) = tokio::join!(
        gateway.send(commands(&gateway, 0..1)),
        gateway.query(query(1)),
        gateway.subscribe(Slot(1)),
    );

    assert!(sent.is_err() && asked.is_err() && heard.is_err(), "{sent:?} {asked:?} {heard:?}");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_accepts_and_says_nothing_is_left_in_time() {
    let bus = Namespace::fresh();
    let (proxy, url) = bus.proxy().await;
    proxy.set(NetworkState::ResponsesLost);
    let connecting = connect_gateway(bus.settings_with_url(&url));
    let said = timeout(Duration::from_secs(15), connecting).await.expect("it ends in time");
    let said = said.map(drop).expect_err("nobody answers").to_string();
    assert!(said.contains("no answer in time"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_deleted_is_declared_again() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    send_until_taken(&gateway, &commands(&gateway, 0..1)).await;
    take_until(&worker, 0).await;
    let raw_client = bus.raw_client().await;
    for queue in 0..3 {
        let queue = bus.names().work(queue).into();
        let deleting = raw_client.channel.queue_delete(queue, QueueDeleteOptions::default());
        deleting.await.expect("the broker obeys");
    }

    send_until_taken(&gateway, &commands(&gateway, 1..2)).await;

    take_until(&worker, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_queue_takes_is_refused() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let raw_client = bus.raw_client().await;
    for queue in 0..3 {
        let queue = bus.names().work(queue).into();
        let deleting = raw_client.channel.queue_delete(queue, QueueDeleteOptions::default());
        deleting.await.expect("the broker obeys");
    }
    let sent = gateway.send(commands(&gateway, 0..10)).await;
    let Err(SendError::Refused(reason)) = sent else { panic!("{sent:?}") };
    assert!(reason.contains("no queue takes"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_messages_of_a_connection_have_one_number_by_which_they_come_back() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    let mut heard = bus.raw_client().await.subscribe(bus.names().announce(), "7").await;
    let mut numbers = Vec::new();
    for number in 1..=2 {
        worker.announce(vec![announcement(7, number)]).await.expect("the bus is there");
        let message =
            within_deadline("an announcement", heard.next()).await.expect("the queue is there");
        numbers.push(message.expect("the broker obeys").properties.message_id().clone());
    }
    assert_ne!(numbers[0], numbers[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_is_deleted_is_declared_again() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is there");
    assert_hears(&gateway, &worker, 7, 1).await;
    let deleting = bus.raw_client().await;
    let options = ExchangeDeleteOptions::default();
    let deleting = deleting.channel.exchange_delete(bus.names().announce().into(), options);
    deleting.await.expect("the broker obeys");

    let told = worker.announce(vec![announcement(7, 2)]).await;
    assert!(told.is_err(), "nobody heard it");

    // The queue of the gateway lost its bindings with the exchange.
    assert_is_interrupted(&gateway).await;
    assert_hears(&gateway, &worker, 7, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_everything_was_deleted_everything_works_again() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is there");
    bus.raw_client().await.wipe(&bus.names()).await;

    send_until_taken(&gateway, &commands(&gateway, 0..1)).await;
    take_until(&worker, 0).await;
    assert_hears(&gateway, &worker, 7, 1).await;
    until_well(|| gateway.health()).await;
    until_well(|| worker.health()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_counts_other_queues_is_not_sent_to() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let settings = bus.settings().work_queues(2).expect("a number of queues");
    let other = connect_worker(settings, Arc::new(FixedClock)).await.expect("the broker is there");

    let sent =
        eventually("a refusal", async || gateway.send(commands(&gateway, 0..1)).await.err()).await;

    let SendError::Refused(reason) = sent else { panic!("{sent:?}") };
    assert!(reason.contains("counts 3 work queues") && reason.contains("counts 2"), "{reason}");
    assert_eq!(gateway.health(), Err(reason));
    other.close().await;
    send_until_taken(&gateway, &commands(&gateway, 1..2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_without_workers_is_not_well() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    assert!(gateway.health().expect_err("nobody works").contains("no worker is heard"));
    let worker = bus.worker().await;
    until_well(|| gateway.health()).await;
    drop(worker);
    eventually("illness", async || gateway.health().err()).await;
}
