//! Network failures, and queues and exchanges that are deleted.

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

use crate::endpoint_helpers::{
    assert_is_interrupted, assert_receives, commands, send_until_accepted, take_numbers,
    take_until, until_disconnected, until_healthy,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_unconfirmed_command_is_unknown_and_may_have_arrived() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    let (proxy, url) = bus.proxy().await;
    let gateway = connect_gateway(bus.settings_with_url(&url)).await.expect("the broker responds");
    send_until_accepted(&gateway, &commands(&gateway, 0..1)).await;
    take_until(&worker, 0).await;

    proxy.set(NetworkState::ResponsesLost);
    let sent = within_deadline("a result", gateway.send(commands(&gateway, 1..2))).await;

    assert!(matches!(sent, Err(SendError::Unknown(_))), "{sent:?}");
    assert_eq!(take_numbers(&worker, 1).await, [1], "it arrived");
    proxy.set(NetworkState::Healthy);
    send_until_accepted(&gateway, &commands(&gateway, 2..3)).await;
    take_until(&worker, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_reconnects_is_interrupted_and_receives_again() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    let (proxy, url) = bus.proxy().await;
    let gateway = connect_gateway(bus.settings_with_url(&url)).await.expect("the broker responds");
    gateway.subscribe(Slot(7)).await.expect("the bus is available");
    assert_receives(&gateway, &worker, 7, 1).await;

    proxy.set(NetworkState::Down);
    until_disconnected(&gateway).await;
    let sent = within_deadline("a result", gateway.send(commands(&gateway, 0..1))).await;
    assert!(matches!(sent, Err(SendError::Refused(_))), "{sent:?}");
    let reply = within_deadline("a result", gateway.query(query(1))).await;
    assert!(reply.is_err(), "{reply:?}");
    proxy.set(NetworkState::Healthy);

    gateway.subscribe(Slot(8)).await.expect("it reconnects in time");
    assert_is_interrupted(&gateway).await;
    assert_receives(&gateway, &worker, 7, 2).await;
    assert_receives(&gateway, &worker, 8, 3).await;
    until_healthy(|| gateway.health()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_waits_long_while_the_broker_is_unreachable() {
    let bus = Namespace::fresh();
    let (proxy, url) = bus.proxy().await;
    let gateway = connect_gateway(bus.settings_with_url(&url)).await.expect("the broker responds");
    proxy.set(NetworkState::Down);
    until_disconnected(&gateway).await;

    let start = Instant::now();
    let (sent, reply, subscribed) = tokio::join!(
        gateway.send(commands(&gateway, 0..1)),
        gateway.query(query(1)),
        gateway.subscribe(Slot(1)),
    );

    assert!(
        sent.is_err() && reply.is_err() && subscribed.is_err(),
        "{sent:?} {reply:?} {subscribed:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_to_an_unresponsive_broker_times_out() {
    let bus = Namespace::fresh();
    let (proxy, url) = bus.proxy().await;
    proxy.set(NetworkState::ResponsesLost);
    let connecting = connect_gateway(bus.settings_with_url(&url));
    let error = timeout(Duration::from_secs(15), connecting).await.expect("it ends in time");
    let error = error.map(drop).expect_err("no broker").to_string();
    assert!(error.contains("did not respond in time"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_deleted_is_declared_again() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    send_until_accepted(&gateway, &commands(&gateway, 0..1)).await;
    take_until(&worker, 0).await;
    let amqp_client = bus.amqp_client().await;
    for queue in 0..3 {
        let queue = bus.names().work(queue).into();
        let deleting = amqp_client.channel.queue_delete(queue, QueueDeleteOptions::default());
        deleting.await.expect("the broker responds");
    }

    send_until_accepted(&gateway, &commands(&gateway, 1..2)).await;

    take_until(&worker, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unroutable_command_is_refused() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let amqp_client = bus.amqp_client().await;
    for queue in 0..3 {
        let queue = bus.names().work(queue).into();
        let deleting = amqp_client.channel.queue_delete(queue, QueueDeleteOptions::default());
        deleting.await.expect("the broker responds");
    }
    let sent = gateway.send(commands(&gateway, 0..10)).await;
    let Err(SendError::Refused(reason)) = sent else { panic!("{sent:?}") };
    assert!(reason.contains("no queue receives"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_unroutable_ones_of_many_unconfirmed_commands_are_refused() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    gateway.send(commands(&gateway, 0..10)).await.expect("it is accepted");
    let amqp_client = bus.amqp_client().await;
    let deleted = bus.names().work(0).into();
    let deleting = amqp_client.channel.queue_delete(deleted, QueueDeleteOptions::default());
    deleting.await.expect("the broker responds");

    let batches = (0..300).map(|n| commands(&gateway, n..n + 1));
    let sent: Vec<_> = batches
        .map(|batch| (gateway.work_queue(Slot::of(batch[0].board)), gateway.send(batch)))
        .collect();

    for (queue, confirm) in sent {
        let sent = within_deadline("a result", confirm).await;
        let is_refused = matches!(&sent, Err(SendError::Refused(it)) if it.contains("no queue"));
        assert_eq!((sent.is_ok(), is_refused), (queue != 0, queue == 0), "queue {queue}: {sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_id_is_used_twice_on_a_connection() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    let mut messages = bus.amqp_client().await.subscribe(bus.names().announce(), "7").await;
    let mut numbers = Vec::new();
    for number in 1..=2 {
        worker
            .publish(vec![announcement(7, number)], Vec::new())
            .await
            .expect("the bus is available");
        let message =
            within_deadline("an announcement", messages.next()).await.expect("the queue exists");
        numbers.push(message.expect("the broker responds").properties.message_id().clone());
    }
    assert_ne!(numbers[0], numbers[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_is_deleted_is_declared_again() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is available");
    assert_receives(&gateway, &worker, 7, 1).await;
    let deleting = bus.amqp_client().await;
    let options = ExchangeDeleteOptions::default();
    let deleting = deleting.channel.exchange_delete(bus.names().announce().into(), options);
    deleting.await.expect("the broker responds");

    let announced = worker.publish(vec![announcement(7, 2)], Vec::new()).await;
    assert!(announced.is_err(), "no exchange");

    // The gateway's queue lost its bindings with the exchange.
    assert_is_interrupted(&gateway).await;
    assert_receives(&gateway, &worker, 7, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_everything_was_deleted_everything_recovers() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is available");
    bus.amqp_client().await.wipe(&bus.names()).await;

    send_until_accepted(&gateway, &commands(&gateway, 0..1)).await;
    take_until(&worker, 0).await;
    assert_receives(&gateway, &worker, 7, 1).await;
    until_healthy(|| gateway.health()).await;
    until_healthy(|| worker.health()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_while_a_worker_has_another_number_of_work_queues() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let settings = bus.settings().work_queues(2).expect("a number of queues");
    let other = connect_worker(settings, Arc::new(FixedClock)).await.expect("the broker responds");

    let sent =
        eventually("a refusal", async || gateway.send(commands(&gateway, 0..1)).await.err()).await;

    let SendError::Refused(reason) = sent else { panic!("{sent:?}") };
    assert!(reason.contains("with 3 work queues") && reason.contains("with 2"), "{reason}");
    assert_eq!(gateway.health(), Err(reason));
    other.close().await;
    send_until_accepted(&gateway, &commands(&gateway, 1..2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_without_workers_is_unhealthy() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    assert!(gateway.health().expect_err("no worker").contains("no worker sends heartbeats"));
    let worker = bus.worker().await;
    until_healthy(|| gateway.health()).await;
    drop(worker);
    eventually("the end of the worker", async || gateway.health().err()).await;
}
