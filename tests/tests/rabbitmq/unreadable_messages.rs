//! Unreadable messages are dead-lettered and affect no others.

use std::sync::Arc;

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use sockbit_application::bus_message_signing::{Keyring, MessageKind};
use sockbit_application::ports::{Announcements, Announcer};
use sockbit_application::slot::Slot;
use sockbit_domain::BoardId;
use sockbit_rabbitmq::{connect_gateway, connect_worker};
use sockbit_tests::contracts::bus::fixtures::{announcement, command, next_announcement, uuid};
use sockbit_tests::rabbitmq_namespace::{FixedClock, Namespace, WORK_QUEUES, keys};
use sockbit_tests::system::eventually;

use crate::endpoint_helpers::{commands, ports, send_until_accepted, take_numbers, until_healthy};

/// The work queue of board 1.
fn queue(bus: &Namespace) -> String {
    bus.names().work(u16::from(Slot::of(BoardId(uuid(1))).0) % WORK_QUEUES)
}

/// Waits for this many dead letters: their bodies and reasons.
async fn wait_for_dead_letters(bus: &Namespace, count: usize) -> Vec<(Vec<u8>, String)> {
    let amqp_client = bus.amqp_client().await;
    let mut letters = Vec::new();
    while letters.len() < count {
        let more = eventually("a dead letter", async || {
            let letters = amqp_client.dead_letters(&bus.names()).await;
            (!letters.is_empty()).then_some(letters)
        });
        letters.extend(more.await);
    }
    letters
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_without_a_valid_signature_are_dead_lettered_and_others_are_delivered() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let one = [command(&ports(&gateway), 1, 1)];
    let signed = |ring: &Keyring, kind| ring.sign(kind, &one).expect("valid JSON");
    let valid = String::from_utf8(signed(&keys(&[1]), MessageKind::Commands)).expect("valid JSON");
    let cases: [(Vec<u8>, &str); 6] = [
        (b"\xff\x00".to_vec(), "no signed message"),
        (serde_json::to_vec(&one).expect("valid JSON"), "no signed message"),
        (signed(&keys(&[2]), MessageKind::Commands), "the key \"k2\" is not known"),
        (valid.replace("Ada", "Eve").into_bytes(), "signature is wrong"),
        (valid.replace("\"v\":1", "\"v\":2").into_bytes(), "version 2"),
        (signed(&keys(&[1]), MessageKind::Queries), "of another kind: \"questions\""),
    ];
    let amqp_client = bus.amqp_client().await;
    for (bytes, _) in &cases {
        amqp_client.publish(queue(&bus), "commands", bytes).await;
    }
    send_until_accepted(&gateway, &[command(&ports(&gateway), 1, 7)]).await;

    let worker = bus.worker().await;

    assert_eq!(take_numbers(&worker, 1).await, [7]);
    let letters = wait_for_dead_letters(&bus, cases.len()).await;
    for ((bytes, reason), (expected, why)) in letters.iter().zip(&cases) {
        assert_eq!(bytes, expected);
        assert!(reason.contains(why), "{reason} for {why}");
    }
    assert_eq!(letters.len(), cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_command_does_not_affect_others_in_its_batch() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let raw = |n| serde_json::value::to_raw_value(&command(&ports(&gateway), 1, n));
    let poison = serde_json::value::to_raw_value(&serde_json::json!({"trace": 7}));
    let batch = [raw(1), poison, raw(2)].map(|it| it.expect("valid JSON"));
    let signed = keys(&[1]).sign(MessageKind::Commands, &batch).expect("valid JSON");

    bus.amqp_client().await.publish(queue(&bus), "commands", &signed).await;

    assert_eq!(take_numbers(&worker, 2).await, [1, 2]);
    let letters = wait_for_dead_letters(&bus, 1).await;
    let [(bytes, reason)] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(bytes, br#"{"trace":7}"#);
    assert!(reason.contains("invalid type"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_with_the_old_key_are_accepted_during_key_rotation() {
    let bus = Namespace::fresh();
    let (old, new) = (bus.settings_with_keys(keys(&[1, 2])), bus.settings_with_keys(keys(&[2, 1])));
    let gateway = connect_gateway(old).await.expect("the broker responds");
    let worker = connect_worker(new, Arc::new(FixedClock)).await.expect("the broker responds");
    send_until_accepted(&gateway, &commands(&gateway, 0..1)).await;
    assert_eq!(take_numbers(&worker, 1).await, [0]);
    until_healthy(|| gateway.health()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn announcements_with_a_wrong_signature_are_ignored() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is available");
    let forged =
        keys(&[2]).sign(MessageKind::Announcements, &announcement(7, 666)).expect("valid JSON");
    let amqp_client = bus.amqp_client().await;
    let properties = BasicProperties::default().with_type("announcements".into());
    for body in [forged.as_slice(), b"", b"{}"] {
        let publishing = amqp_client.channel.basic_publish(
            bus.names().announce().into(),
            "7".into(),
            BasicPublishOptions::default(),
            body,
            properties.clone(),
        );
        publishing.await.expect("the broker responds");
    }

    worker.publish(vec![announcement(7, 1)], Vec::new()).await.expect("the bus is available");

    assert_eq!(next_announcement(&ports(&gateway)).await, announcement(7, 1));
}
