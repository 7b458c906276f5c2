//! Presence where somebody sends nonsense, and where the broker is away.

use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use sockbit_application::ports::{Announcements, Presence};
use sockbit_application::seal::MessageKind;
use sockbit_application::slot::Slot;
use sockbit_rabbitmq::{GatewayEndpoint, connect_gateway};
use sockbit_tests::contracts::bus::fixtures::{QUIET, presences, within_deadline};
use sockbit_tests::proxy::NetworkState;
use sockbit_tests::rabbitmq_namespace::{Namespace, keys};
use sockbit_tests::system::eventually;
use tokio::time::{Instant, timeout};

use crate::support::{ends, until_away};

/// Tells until the other gateway subscribe that somebody is in the note with this number.
async fn assert_hears_of(teller: &Arc<GatewayEndpoint>, gateway: &GatewayEndpoint, number: u64) {
    let told = presences(&ends(teller), 7, number);
    eventually("presence", async || {
        teller.publish(told.clone()).await;
        let hearing = async { while gateway.next_update().await.expect("it is open") != told {} };
        timeout(QUIET, hearing).await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_presence_is_passed_over() {
    let bus = Namespace::fresh();
    let (teller, gateway) = (bus.gateway().await, bus.gateway().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is there");
    let (told, raw_client) = (presences(&ends(&teller), 7, 1), bus.raw_client().await);
    let forged = keys(&[9]).seal(MessageKind::Presence, &told).expect("it is JSON");
    let other = keys(&[1]).seal(MessageKind::Heartbeat, &told).expect("it is JSON");
    let no_people = keys(&[1]).seal(MessageKind::Presence, "people").expect("it is JSON");
    for body in [b"what?".to_vec(), forged, other, no_people] {
        let (exchange, key) = (bus.names().presence().into(), "7".into());
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let publishing =
            raw_client.channel.basic_publish(exchange, key, options, &body, properties);
        publishing.await.expect("the broker obeys");
    }

    assert_hears_of(&teller, &gateway, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_to_tell_while_the_broker_is_away_and_afterwards_presence_arrives_again() {
    let bus = Namespace::fresh();
    let teller = bus.gateway().await;
    let (proxy, url) = bus.proxy().await;
    let gateway = connect_gateway(bus.settings_with_url(&url)).await.expect("the broker is there");
    gateway.subscribe(Slot(7)).await.expect("the bus is there");
    assert_hears_of(&teller, &gateway, 1).await;

    proxy.set(NetworkState::Down);
    until_away(&gateway).await;
    let begun = Instant::now();
    for number in 2..=5 {
        within_deadline(
            "the end of telling",
            gateway.publish(presences(&ends(&gateway), 7, number)),
        )
        .await;
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    proxy.set(NetworkState::Healthy);

    assert_hears_of(&teller, &gateway, 6).await;
    teller.subscribe(Slot(7)).await.expect("the bus is there");
    assert_hears_of(&gateway, &teller, 7).await;
}
