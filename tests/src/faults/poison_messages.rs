//! Thirty kinds of messages that no worker can read.

use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::{Value, json};
use sockbit_application::bus_message_signing::{KeyId, Keyring, MessageKind};
use sockbit_rabbitmq::{DeadLetterAdmin, Settings};

use super::TestCluster;
use super::proxied_processes::NAMESPACE;
use crate::servers::fresh_id;
use crate::system::{KEY, KEY_ID, eventually};

/// The required fields of a command.
const REQUIRED: [&str; 7] = ["trace", "reply_to", "actor", "client", "message", "board", "body"];

/// Publishes all kinds to the work queues, and waits until each is dead-lettered by itself.
pub(super) async fn poison_is_published(cluster: &mut TestCluster) {
    let url = cluster.broker().url();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    let connection = connection.expect("the broker accepts connections");
    let channel = connection.create_channel().await.expect("a channel");
    let poison = all_kinds();
    for (number, bytes) in poison.iter().enumerate() {
        publish(&channel, number % 16, bytes).await;
    }
    let settings = Settings::new(&url, ring(KEY_ID, KEY), fresh_id()).expect("an address");
    let settings = settings.namespace(NAMESPACE).expect("a namespace");
    eventually("all poison messages to be dead-lettered", async || {
        let admin = DeadLetterAdmin::open(settings.clone()).await.ok()?;
        let letters = admin.list().await.ok()?;
        admin.close().await;
        assert!(letters.len() <= poison.len(), "no other message is dead-lettered");
        assert!(letters.iter().all(|it| !it.reason.is_empty() && it.origin.contains(".work.")));
        (letters.len() == poison.len()).then_some(())
    })
    .await;
}

async fn publish(channel: &Channel, queue: usize, bytes: &[u8]) {
    let queue = format!("{NAMESPACE}.work.{queue}");
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    let publishing =
        channel.basic_publish("".into(), queue.as_str().into(), options, bytes, properties);
    publishing.await.expect("the broker accepts the message");
}

fn all_kinds() -> Vec<Vec<u8>> {
    let mut kinds = unsigned();
    let ring = ring(KEY_ID, KEY);
    kinds.extend(
        broken_commands().into_iter().map(|it| sign(&ring, MessageKind::Commands, &json!([it]))),
    );
    kinds
}

/// Messages without a valid signature, or with content other than a list of commands.
fn unsigned() -> Vec<Vec<u8>> {
    let (ours, valid) = (ring(KEY_ID, KEY), json!([command()]));
    let signed = sign(&ours, MessageKind::Commands, &valid);
    let text = String::from_utf8(signed.clone()).expect("valid JSON");
    vec![
        Vec::new(),
        b"poison".to_vec(),
        vec![0xff; 1_024],
        vec![b'['; 100_000],
        valid.to_string().into_bytes(),
        signed.get(..signed.len() / 2).unwrap_or_default().to_vec(),
        text.replace("Ada", "Eve").into_bytes(),
        text.replace("\"v\":1", "\"v\":99").into_bytes(),
        sign(&ring("other", KEY), MessageKind::Commands, &valid),
        sign(
            &ring(KEY_ID, "a secret of enough bytes that no process has"),
            MessageKind::Commands,
            &valid,
        ),
        sign(&ours, MessageKind::Outcomes, &valid),
        sign(&ours, MessageKind::Commands, &json!({"not": "a list"})),
        sign(&ours, MessageKind::Commands, &json!("x".repeat(1024 * 1024))),
    ]
}

/// Messages with a valid signature whose command is invalid.
fn broken_commands() -> Vec<Value> {
    let without = REQUIRED.iter().map(|field| {
        let mut command = command();
        command.as_object_mut().expect("an object").remove(*field);
        command
    });
    let with = [
        ("trace", json!(7)),
        ("reply_to", json!({"gateway": fresh_id(), "session": -1})),
        ("actor", json!({"id": fresh_id(), "name": "Ada", "colour": 300})),
        ("actor", json!({"id": fresh_id(), "name": ["Ada"], "colour": 3})),
        ("client", json!("no id")),
        ("message", json!(null)),
        ("message", json!([1, 2])),
        ("board", json!("no board")),
        ("key", json!("too short")),
    ];
    let with = with.into_iter().map(|(field, value)| {
        let mut command = command();
        command[field] = value;
        command
    });
    without.chain(with).chain([json!(null)]).collect()
}

fn command() -> Value {
    json!({
        "trace": fresh_id(),
        "reply_to": {"gateway": fresh_id(), "session": 1},
        "actor": {"id": fresh_id(), "name": "Ada", "colour": 3},
        "client": fresh_id(),
        "message": fresh_id(),
        "board": fresh_id(),
        "body": {"type": "create_board", "title": "Poison"},
    })
}

fn sign(ring: &Keyring, kind: MessageKind, content: &Value) -> Vec<u8> {
    ring.sign(kind, content).expect("valid JSON")
}

fn ring(id: &str, secret: &str) -> Keyring {
    Keyring::new([(KeyId::new(id).expect("an id"), secret.as_bytes())]).expect("a key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirty_kinds_and_the_original_command_is_valid() {
        assert_eq!(all_kinds().len(), 30);
        let ring = ring(KEY_ID, KEY);
        let signed = sign(&ring, MessageKind::Commands, &json!([command()]));
        let commands = ring.verify_commands(&signed).expect("a valid signature");
        assert!(commands.iter().all(Result::is_ok), "the original command is valid");
    }
}
