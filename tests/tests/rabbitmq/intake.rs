//! Programs that put commands into the intake queue and wait for answers at a queue of their own.

use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Consumer};
use sockbit_application::envelope::Encoded;
use sockbit_application::ports::{Intake, Submission};
use sockbit_rabbitmq::GatewayEnd;
use sockbit_tests::contracts::bus::fixtures::{QUIET, quiet, soon};
use sockbit_tests::vhost::{Namespace, Stranger};

/// A program with its own queue for answers.
struct Program {
    broker: Stranger,
    intake: String,
    answers: Consumer,
    own: String,
}

impl Program {
    async fn on(bus: &Namespace) -> Self {
        let broker = bus.stranger().await;
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

    async fn put(&self, token: &str, message: &str, answer_to: &str) {
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
    async fn answer(&mut self) -> (String, Option<String>) {
        let answer = soon("an answer", self.answers.next()).await.expect("the queue is there");
        let answer = answer.expect("the broker obeys");
        let correlation = answer.properties.correlation_id().as_ref().map(ToString::to_string);
        (String::from_utf8(answer.data).expect("text"), correlation)
    }
}

async fn taken_in(gateway: &GatewayEnd) -> Submission {
    soon("a message", gateway.next()).await.expect("the bus is open")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_puts_in_reaches_one_gateway_and_its_answer_the_program() {
    let bus = Namespace::fresh();
    let gateways = [bus.gateway().await, bus.gateway().await];
    let mut program = Program::on(&bus).await;

    program.put("who", "what", &program.own).await;

    let submission = soon("a message", async {
        tokio::select! {
            submission = gateways[0].next() => submission,
            submission = gateways[1].next() => submission,
        }
    });
    let submission = submission.await.expect("the bus is open");
    assert_eq!(submission.token.as_deref(), Some("who"));
    assert_eq!(submission.message, b"what");
    (submission.reply)(Encoded::from_static(b"done"));
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
    (answered.reply)(Encoded::from_static(b"done"));
    assert_eq!(program.answer().await.0, "done");
    tokio::time::sleep(QUIET).await;

    let second = bus.gateway().await;
    drop(first);

    let again = taken_in(&second).await;
    assert_eq!(again.message, unanswered.message);
    quiet("a message", async { second.next().await.map(|it| it.message) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_program_has_answers_sent_among_our_own_messages() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    let program = Program::on(&bus).await;

    program.put("who", "what", &bus.names().intake()).await;
    (taken_in(&gateway).await.reply)(Encoded::from_static(b"done"));

    quiet("a message", async { gateway.next().await.map(|it| it.message) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_answer_is_taken_in_too() {
    let bus = Namespace::fresh();
    let gateway = bus.gateway().await;
    bus.stranger().await.publish(bus.names().intake(), "command", b"what").await;

    let submission = taken_in(&gateway).await;

    assert_eq!((submission.token, submission.message), (None, b"what".to_vec()));
    (submission.reply)(Encoded::from_static(b"done"));
}
