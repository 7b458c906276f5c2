//! Programs publish commands to the intake queue and receive replies in queues of their own.

use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Consumer};
use sockbit_application::bus_messages::EncodedMessage;
use sockbit_application::ports::{ExternalCommand, ExternalCommands};
use sockbit_rabbitmq::{GatewayEndpoint, connect_gateway};
use sockbit_tests::contracts::bus::fixtures::{QUIET, assert_silent, within_deadline};
use sockbit_tests::rabbitmq_namespace::{AmqpClient, Namespace};

/// A program with its own queue for replies.
pub struct Program {
    broker: AmqpClient,
    intake: String,
    replies: Consumer,
    pub reply_queue: String,
}

impl Program {
    pub async fn on(bus: &Namespace) -> Self {
        let broker = bus.amqp_client().await;
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let declaring = broker.channel.queue_declare("".into(), options, FieldTable::default());
        let reply_queue = declaring.await.expect("the broker responds").name().to_string();
        let consuming = broker.channel.basic_consume(
            reply_queue.as_str().into(),
            "".into(),
            BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() },
            FieldTable::default(),
        );
        let replies = consuming.await.expect("the broker responds");
        Self { broker, intake: bus.names().intake(), replies, reply_queue }
    }

    pub async fn publish(&self, token: &str, message: &str, reply_to: &str) {
        let mut headers = FieldTable::default();
        headers.insert("token".into(), AMQPValue::LongString(LongString::from(token)));
        let properties = BasicProperties::default()
            .with_headers(headers)
            .with_reply_to(reply_to.into())
            .with_correlation_id("mine".into());
        let (queue, options) = (self.intake.as_str().into(), BasicPublishOptions::default());
        let channel = &self.broker.channel;
        let publishing =
            channel.basic_publish("".into(), queue, options, message.as_bytes(), properties);
        publishing.await.expect("the broker responds");
    }

    /// The next reply and its correlation id.
    pub async fn next_reply(&mut self) -> (String, Option<String>) {
        let reply =
            within_deadline("a reply", self.replies.next()).await.expect("the queue exists");
        let reply = reply.expect("the broker responds");
        let correlation = reply.properties.correlation_id().as_ref().map(ToString::to_string);
        (String::from_utf8(reply.data).expect("text"), correlation)
    }
}

pub async fn next_message(gateway: &GatewayEndpoint) -> ExternalCommand {
    within_deadline("a message", gateway.next()).await.expect("the bus is open")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_delivered_to_one_gateway_and_its_reply_to_the_program() {
    let bus = Namespace::fresh();
    let gateways = [bus.gateway().await, bus.gateway().await];
    let mut program = Program::on(&bus).await;

    program.publish("who", "what", &program.reply_queue).await;

    let message = within_deadline("a message", async {
        tokio::select! {
            message = gateways[0].next() => message,
            message = gateways[1].next() => message,
        }
    });
    let message = message.await.expect("the bus is open");
    assert_eq!(message.token.as_deref(), Some("who"));
    assert_eq!(message.message, b"what");
    (message.reply)(EncodedMessage::from_static(b"done"));
    assert_eq!(program.next_reply().await, ("done".to_owned(), Some("mine".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_message_of_a_lost_gateway_is_delivered_to_another() {
    let bus = Namespace::fresh();
    let first = bus.gateway().await;
    let mut program = Program::on(&bus).await;
    program.publish("who", "one", &program.reply_queue).await;
    program.publish("who", "two", &program.reply_queue).await;
    let answered = next_message(&first).await;
    let unanswered = next_message(&first).await;
    (answered.reply)(EncodedMessage::from_static(b"done"));
    assert_eq!(program.next_reply().await.0, "done");
    tokio::time::sleep(QUIET).await;

    let second = bus.gateway().await;
    drop(first);

    let again = next_message(&second).await;
    assert_eq!(again.message, unanswered.message);
    assert_silent("a message", async { second.next().await.map(|it| it.message) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_dropped_without_a_reply_is_delivered_again() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let mut program = Program::on(&bus).await;
    program.publish("who", "what", &program.reply_queue).await;
    drop(next_message(&gateway).await);

    let again = next_message(&gateway).await;

    assert_eq!((again.token.as_deref(), &*again.message), (Some("who"), &b"what"[..]));
    (again.reply)(EncodedMessage::from_static(b"done"));
    assert_eq!(program.next_reply().await.0, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_truncated() {
    let bus = Namespace::fresh();
    let settings = bus.settings().program_message_bytes_max(1_000);
    let gateway = connect_gateway(settings).await.expect("the broker responds");
    let program = Program::on(&bus).await;

    program.publish("who", &"x".repeat(1_000), "").await;
    program.publish("who", &"x".repeat(100_000), "").await;

    assert_eq!(next_message(&gateway).await.message.len(), 1_000);
    assert_eq!(next_message(&gateway).await.message.len(), 1_001, "still too large");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reply_is_sent_to_a_queue_of_the_bus() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let program = Program::on(&bus).await;

    program.publish("who", "what", &bus.names().intake()).await;
    (next_message(&gateway).await.reply)(EncodedMessage::from_static(b"done"));

    assert_silent("a message", async { gateway.next().await.map(|it| it.message) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_reply_queue_is_accepted() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    bus.amqp_client().await.publish(bus.names().intake(), "command", b"what").await;

    let message = next_message(&gateway).await;

    assert_eq!((message.token, message.message), (None, b"what".to_vec()));
    (message.reply)(EncodedMessage::from_static(b"done"));
}
