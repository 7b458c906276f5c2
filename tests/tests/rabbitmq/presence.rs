//! Presence with unreadable messages, and without a broker.

use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::ports::{Announcements, Presence};
use sockbit_application::slot::Slot;
use sockbit_rabbitmq::{GatewayEndpoint, connect_gateway};
use sockbit_tests::contracts::bus::fixtures::{QUIET, presence_update, within_deadline};
use sockbit_tests::proxy::NetworkState;
use sockbit_tests::rabbitmq_namespace::{Namespace, keys};
use sockbit_tests::system::eventually;
use tokio::time::{Instant, timeout};

use crate::endpoint_helpers::{ports, until_disconnected};

/// Publishes an update with this number until the other gateway receives it.
async fn assert_presence_arrives(
    sender: &Arc<GatewayEndpoint>,
    gateway: &GatewayEndpoint,
    number: u64,
) {
    let update = presence_update(&ports(sender), 7, number);
    eventually("presence", async || {
        sender.publish(update.clone()).await;
        let receiving =
            async { while gateway.next_update().await.expect("it is open") != update {} };
        timeout(QUIET, receiving).await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_presence_updates_are_ignored() {
    let bus = Namespace::fresh();
    let (sender, gateway) = (bus.gateway().await, bus.gateway().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is available");
    let (update, amqp_client) = (presence_update(&ports(&sender), 7, 1), bus.amqp_client().await);
    let forged = keys(&[9]).sign(MessageKind::Presence, &update).expect("valid JSON");
    let other = keys(&[1]).sign(MessageKind::Heartbeat, &update).expect("valid JSON");
    let wrong_body = keys(&[1]).sign(MessageKind::Presence, "not an update").expect("valid JSON");
    for body in [b"what?".to_vec(), forged, other, wrong_body] {
        let (exchange, key) = (bus.names().presence().into(), "7".into());
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let publishing =
            amqp_client.channel.basic_publish(exchange, key, options, &body, properties);
        publishing.await.expect("the broker responds");
    }

    assert_presence_arrives(&sender, &gateway, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_does_not_wait_for_an_unreachable_broker_and_arrives_after_reconnecting() {
    let bus = Namespace::fresh();
    let sender = bus.gateway().await;
    let (proxy, url) = bus.proxy().await;
    let gateway = connect_gateway(bus.settings_with_url(&url)).await.expect("the broker responds");
    gateway.subscribe(Slot(7)).await.expect("the bus is available");
    assert_presence_arrives(&sender, &gateway, 1).await;

    proxy.set(NetworkState::Down);
    until_disconnected(&gateway).await;
    let start = Instant::now();
    for number in 2..=5 {
        within_deadline(
            "the end of publishing",
            gateway.publish(presence_update(&ports(&gateway), 7, number)),
        )
        .await;
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    proxy.set(NetworkState::Healthy);

    assert_presence_arrives(&sender, &gateway, 6).await;
    sender.subscribe(Slot(7)).await.expect("the bus is available");
    assert_presence_arrives(&gateway, &sender, 7).await;
}
