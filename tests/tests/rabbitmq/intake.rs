//! Programs that put commands into the intake queue and wait for answers at a queue of their own.

use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Consumer};
use sockbit_application::envelope::EncodedMessage;
use sockbit_application::ports::{Intake, IntakeMessage};
use sockbit_rabbitmq::{GatewayEndpoint, connect_gateway};
use sockbit_tests::contracts::bus::fixtures::{QUIET, assert_silent, within_deadline};
use sockbit_tests::rabbitmq_namespace::{Namespace, RawClient};

/// A program with its own queue for answers.
pub struct Program {
    broker: RawClient,
    intake: String,
    answers: Consumer,
    pub own: String,
}

impl Program {
    pub async fn on(bus: &Namespace) -> Self {
        let broker = bus.raw_client().await;
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let declaring = broker.channel.queue_declare("".into(), options, FieldTable::default());
        let own = declaring.await.expect("the broker obeys").name().to_string();
        let consuming = broker.channel.basic_consume(
            own.as_str().into(),
            "".into(),
            BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() },
            FieldTable::default(),
        );
        let answers = consuming.await.expect("the broker obeys");
        Self { broker, intake: bus.names().intake(), answers, own }
    }

    pub async fn put(&self, token: &str, message: &str, answer_to: &str) {
        let mut headers = FieldTable::default();
        headers.insert("token".into(), AMQPValue::LongString(LongString::from(token)));
        let properties = BasicProperties::default()
            .with_headers(headers)
            .with_reply_to(answer_to.into())
            .with_correlation_id("mine".into());
        let (queue, options) = (self.intake.as_str().into(), BasicPublishOptions::default());
        let channel = &self.broker.channel;
        let putting =
            channel.basic_publish("".into(), queue, options, message.as_bytes(), properties);
        putting.await.expect("the broker obeys");
    }

    /// The next answer, and by what the program knows it.
    pub async fn answer(&mut self) -> (String, Option<String>) {
        let answer =
            within_deadline("an answer", self.answers.next()).await.expect("the queue is there");
        let answer = answer.expect("the broker obeys");
        let correlation = answer.properties.correlation_id().as_ref().map(ToString::to_string);
        (String::from_utf8(answer.data).expect("text"), correlation)
    }
}

pub async fn taken_in(gateway: &GatewayEndpoint) -> IntakeMessage {
    within_deadline("a message", gateway.next()).await.expect("the bus is open")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_puts_in_reaches_one_gateway_and_its_answer_the_program() {
    let bus = Namespace::fresh();
    let gateways = [bus.gateway().await, bus.gateway().await];
    let mut program = Program::on(&bus).await;

    program.put("who", "what", &program.own).await;

    let submission = within_deadline("a message", async {
        tokio::select! {
            submission = gateways[0].next() => submission,
            submission = gateways[1].next() => submission,
        }
    });
    let submission = submission.await.expect("the bus is open");
    assert_eq!(submission.token.as_deref(), Some("who"));
    assert_eq!(submission.message, b"what");
    (submission.reply)(EncodedMessage::from_static(b"done"));
    assert_eq!(program.answer().await, ("done".to_owned(), Some("mine".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_did_not_answer_comes_again_to_another() {
    let bus = Namespace::fresh();
    let first = bus.gateway().await;
    let mut program = Program::on(&bus).await;
    program.put("who", "one", &program.own).await;
    program.put("who", "two", &program.own).await;
    let answered = taken_in(&first).await;
    let unanswered = taken_in(&first).await;
    (answered.reply)(EncodedMessage::from_static(b"done"));
    assert_eq!(program.answer().await.0, "done");
    tokio::time::sleep(QUIET).await;

    let second = bus.gateway().await;
    drop(first);

    let again = taken_in(&second).await;
    assert_eq!(again.message, unanswered.message);
    assert_silent("a message", async { second.next().await.map(|it| it.message) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_without_an_answer_comes_again_to_the_same_gateway() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let mut program = Program::on(&bus).await;
    program.put("who", "what", &program.own).await;
    drop(taken_in(&gateway).await);

    let again = taken_in(&gateway).await;

    assert_eq!((again.token.as_deref(), &*again.message), (Some("who"), &b"what"[..]));
    (again.reply)(EncodedMessage::from_static(b"done"));
    assert_eq!(program.answer().await.0, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_to_be_a_command_is_not_kept_whole() {
    let bus = Namespace::fresh();
    let settings = bus.settings().program_message_bytes_max(1_000);
    let gateway = connect_gateway(settings).await.expect("the broker is there");
    let program = Program::on(&bus).await;

    program.put("who", &"x".repeat(1_000), "").await;
    program.put("who", &"x".repeat(100_000), "").await;

    assert_eq!(taken_in(&gateway).await.message.len(), 1_000);
    assert_eq!(taken_in(&gateway).await.message.len(), 1_001, "too large still");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_program_has_answers_sent_among_our_own_messages() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let program = Program::on(&bus).await;

    program.put("who", "what", &bus.names().intake()).await;
    (taken_in(&gateway).await.reply)(EncodedMessage::from_static(b"done"));

    assert_silent("a message", async { gateway.next().await.map(|it| it.message) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_answer_is_taken_in_too() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    bus.raw_client().await.publish(bus.names().intake(), "command", b"what").await;

    let submission = taken_in(&gateway).await;

    assert_eq!((submission.token, submission.message), (None, b"what".to_vec()));
    (submission.reply)(EncodedMessage::from_static(b"done"));
}
