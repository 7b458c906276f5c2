//! Commands of programs that hold no connection.

use sockbit_domain::Outcome;
use sockbit_domain::wire::{RefusalCode, SentCommand};
use tokio::sync::oneshot;

use super::*;
use crate::envelope::CommandEnvelope;
use crate::ports::{Intake, IntakeMessage};
use crate::testing::{board_id, message_id, new_note, position};

const MESSAGE_BYTES_MAX: usize = 1_024;

/// Delivers the messages that a test submits.
struct TestIntake(tokio::sync::Mutex<mpsc::UnboundedReceiver<IntakeMessage>>);

#[async_trait]
impl Intake for TestIntake {
    async fn next(&self) -> Option<IntakeMessage> {
        self.0.lock().await.recv().await
    }
}

/// A gateway that consumes an intake. Tokens are the numbers of identities.
struct IntakeFixture {
    fixture: GatewayFixture,
    intake: mpsc::UnboundedSender<IntakeMessage>,
    consumer: JoinHandle<()>,
    sent: mpsc::UnboundedReceiver<CommandEnvelope>,
}

impl IntakeFixture {
    fn start() -> Self {
        let (commands, sent) = mpsc::unbounded_channel();
        let mut builder = FixtureBuilder::replying(|_| Err(no_bus()));
        builder.commands.expect_send().returning(move |batch| {
            for command in batch {
                commands.send(command).ok();
            }
            Ok(())
        });
        let fixture = builder.start();
        let (intake, messages) = mpsc::unbounded_channel();
        let gateway = Arc::clone(&fixture.gateway);
        let messages = TestIntake(tokio::sync::Mutex::new(messages));
        let identify = |token: &str| token.parse().ok().map(identity);
        let consumer = tokio::spawn(async move {
            gateway.consume_intake(&messages, MESSAGE_BYTES_MAX, identify).await;
        });
        Self { fixture, intake, consumer, sent }
    }

    /// Submits a message; the receiver gets its reply.
    fn submit(&self, token: Option<&str>, message: &[u8]) -> oneshot::Receiver<EncodedMessage> {
        let (sender, reply) = oneshot::channel();
        let message = IntakeMessage {
            token: token.map(ToOwned::to_owned),
            message: message.to_vec(),
            reply: Box::new(|encoded| drop(sender.send(encoded))),
        };
        self.intake.send(message).unwrap_or_else(|_| panic!("the consumer has stopped"));
        reply
    }

    async fn refusal(&self, token: Option<&str>, message: &[u8]) -> (RefusalCode, String) {
        match receive(self.submit(token, message)).await {
            ServerMessage::Refused(refusal) => (refusal.code, refusal.detail),
            other => panic!("{other:?}"),
        }
    }

    /// Saves the next command that is sent.
    async fn save_one(&mut self) -> CommandEnvelope {
        let sent = timeout(DEADLINE, self.sent.recv()).await.ok().flatten();
        let command = sent.expect("a command is sent");
        let outcome = Some(Outcome::Saved { position: position(1) });
        self.fixture.deliver(Incoming::Outcomes(vec![command.with_outcome(outcome)]));
        command
    }
}

async fn receive(reply: oneshot::Receiver<EncodedMessage>) -> ServerMessage {
    decode(&timeout(DEADLINE, reply).await.expect("in time").expect("a reply"))
}

fn message(n: u64) -> Vec<u8> {
    let CommandEnvelope { body, .. } = new_note(1, n);
    let sent = SentCommand { id: message_id(n), board: board_id(1), key: None, body };
    ClientMessage::Command(sent).to_json().expect("it is JSON").into_bytes()
}

#[tokio::test]
async fn a_program_gets_the_outcome_of_its_command() {
    let mut intake = IntakeFixture::start();
    let reply = intake.submit(Some("7"), &message(1));

    let command = intake.save_one().await;

    assert_eq!((command.actor, command.client), (identity(7).actor, identity(7).client));
    let (id, board) = (message_id(1), board_id(1));
    let outcome = Outcome::Saved { position: position(1) };
    assert_eq!(receive(reply).await, ServerMessage::Outcome { id, board, outcome });
}

#[tokio::test]
async fn a_message_without_a_valid_token_is_refused_and_not_sent() {
    let mut intake = IntakeFixture::start();
    for token in [None, Some(""), Some("invalid")] {
        let (code, detail) = intake.refusal(token, &message(1)).await;
        assert_eq!(code, RefusalCode::Unauthenticated);
        assert!(detail.contains("token"), "{detail}");
    }
    assert!(intake.sent.try_recv().is_err());
}

#[tokio::test]
async fn a_message_that_is_no_command_is_refused_with_a_reason() {
    let intake = IntakeFixture::start();
    let large = vec![b' '; MESSAGE_BYTES_MAX + 1];
    let cases: [(&[u8], RefusalCode, &str); 4] = [
        (b"\xff", RefusalCode::Malformed, "UTF-8"),
        (br#"{"v": 1, "type": "command"}"#, RefusalCode::Malformed, "`id`"),
        (br#"{"v": 1, "type": "ping"}"#, RefusalCode::UnknownType, "only commands"),
        (&large, RefusalCode::Malformed, "larger"),
    ];
    for (message, code, part) in cases {
        let (actual, detail) = intake.refusal(Some("1"), message).await;
        assert!(actual == code && detail.contains(part), "{actual:?}: {detail}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_gets_again_if_there_is_no_outcome_in_time() {
    let intake = IntakeFixture::start();
    let reply = receive(intake.submit(Some("1"), &message(1))).await;
    let id = Some(message_id(1));
    assert_eq!(reply, ServerMessage::Again { id, board: None, after_ms: 1_000 });
}

#[tokio::test]
async fn a_pending_command_does_not_delay_other_programs() {
    let mut intake = IntakeFixture::start();
    let _pending = intake.submit(Some("1"), &message(1));
    timeout(DEADLINE, intake.sent.recv()).await.expect("a command is sent");
    let reply = intake.submit(Some("2"), &message(2));
    intake.save_one().await;
    assert!(matches!(receive(reply).await, ServerMessage::Outcome { .. }));
}

#[tokio::test]
async fn pending_commands_get_their_reply_after_the_intake_is_closed() {
    let mut intake = IntakeFixture::start();
    let reply = intake.submit(Some("1"), &message(1));
    let (closed, _) = mpsc::unbounded_channel();
    intake.intake = closed;
    intake.save_one().await;
    assert!(matches!(receive(reply).await, ServerMessage::Outcome { .. }));
    intake.consumer.await.expect("the consumer does not panic");
}
