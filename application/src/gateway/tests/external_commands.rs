//! Commands of external programs, which hold no connection.

use sockbit_domain::Outcome;
use sockbit_domain::wire::{RefusalCode, SentCommand};
use tokio::sync::oneshot;

use super::*;
use crate::bus_messages::CommandEnvelope;
use crate::ports::{ExternalCommand, ExternalCommands};
use crate::test_fixtures::{board_id, message_id, new_note, position};

const MESSAGE_BYTES_MAX: usize = 1_024;

/// Delivers the commands that a test submits.
struct TestQueue(tokio::sync::Mutex<mpsc::UnboundedReceiver<ExternalCommand>>);

#[async_trait]
impl ExternalCommands for TestQueue {
    async fn next(&self) -> Option<ExternalCommand> {
        self.0.lock().await.recv().await
    }
}

/// A gateway that consumes external commands. Tokens are the numbers of identities.
struct ExternalCommandsFixture {
    fixture: GatewayFixture,
    queue: mpsc::UnboundedSender<ExternalCommand>,
    consumer: JoinHandle<()>,
    sent: mpsc::UnboundedReceiver<CommandEnvelope>,
}

impl ExternalCommandsFixture {
    fn start() -> Self {
        let (commands, sent) = mpsc::unbounded_channel();
        let mut builder = FixtureBuilder::replying(|_| Err(no_bus()));
        builder.commands.expect_send().returning(move |batch| {
            for command in batch {
                commands.send(command).ok();
            }
            ready_confirm(Ok(()))
        });
        let fixture = builder.start();
        let (queue, messages) = mpsc::unbounded_channel();
        let gateway = Arc::clone(&fixture.gateway);
        let messages = TestQueue(tokio::sync::Mutex::new(messages));
        let identify = |token: &str| token.parse().ok().map(identity);
        let consumer = tokio::spawn(async move {
            gateway.consume_external_commands(&messages, MESSAGE_BYTES_MAX, identify).await;
        });
        Self { fixture, queue, consumer, sent }
    }

    /// Submits a message; the receiver gets its reply.
    fn submit(&self, token: Option<&str>, message: &[u8]) -> oneshot::Receiver<EncodedMessage> {
        let (sender, reply) = oneshot::channel();
        let message = ExternalCommand {
            token: token.map(ToOwned::to_owned),
            message: message.to_vec(),
            reply: Box::new(|encoded| drop(sender.send(encoded))),
        };
        self.queue.send(message).unwrap_or_else(|_| panic!("the consumer has stopped"));
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
    let mut fixture = ExternalCommandsFixture::start();
    let reply = fixture.submit(Some("7"), &message(1));

    let command = fixture.save_one().await;

    assert_eq!((command.actor, command.client), (identity(7).actor, identity(7).client));
    let (id, board) = (message_id(1), board_id(1));
    let outcome = Outcome::Saved { position: position(1) };
    assert_eq!(receive(reply).await, ServerMessage::Outcome { id, board, outcome });
}

#[tokio::test]
async fn a_message_without_a_valid_token_is_refused_and_not_sent() {
    let mut fixture = ExternalCommandsFixture::start();
    for token in [None, Some(""), Some("invalid")] {
        let (code, detail) = fixture.refusal(token, &message(1)).await;
        assert_eq!(code, RefusalCode::Unauthenticated);
        assert!(detail.contains("token"), "{detail}");
    }
    assert!(fixture.sent.try_recv().is_err());
}

#[tokio::test]
async fn a_message_that_is_no_command_is_refused_with_a_reason() {
    let fixture = ExternalCommandsFixture::start();
    let large = vec![b' '; MESSAGE_BYTES_MAX + 1];
    let cases: [(&[u8], RefusalCode, &str); 4] = [
        (b"\xff", RefusalCode::Malformed, "UTF-8"),
        (br#"{"v": 1, "type": "command"}"#, RefusalCode::Malformed, "`id`"),
        (br#"{"v": 1, "type": "ping"}"#, RefusalCode::UnknownType, "only commands"),
        (&large, RefusalCode::Malformed, "larger"),
    ];
    for (message, code, part) in cases {
        let (actual, detail) = fixture.refusal(Some("1"), message).await;
        assert!(actual == code && detail.contains(part), "{actual:?}: {detail}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_gets_again_if_there_is_no_outcome_in_time() {
    let fixture = ExternalCommandsFixture::start();
    let reply = receive(fixture.submit(Some("1"), &message(1))).await;
    let id = Some(message_id(1));
    assert_eq!(reply, ServerMessage::Again { id, board: None, after_ms: 1_000 });
}

#[tokio::test]
async fn a_pending_command_does_not_delay_other_programs() {
    let mut fixture = ExternalCommandsFixture::start();
    let _pending = fixture.submit(Some("1"), &message(1));
    timeout(DEADLINE, fixture.sent.recv()).await.expect("a command is sent");
    let reply = fixture.submit(Some("2"), &message(2));
    fixture.save_one().await;
    assert!(matches!(receive(reply).await, ServerMessage::Outcome { .. }));
}

#[tokio::test]
async fn pending_commands_get_their_reply_after_the_queue_is_closed() {
    let mut fixture = ExternalCommandsFixture::start();
    let reply = fixture.submit(Some("1"), &message(1));
    let (closed, _) = mpsc::unbounded_channel();
    fixture.queue = closed;
    fixture.save_one().await;
    assert!(matches!(receive(reply).await, ServerMessage::Outcome { .. }));
    fixture.consumer.await.expect("the consumer does not panic");
}
