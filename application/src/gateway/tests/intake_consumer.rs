//! Commands of programs, which hold no connection.

use sockbit_domain::wire::{RefusalCode, SentCommand};
use tokio::sync::Mutex as Waiting;

use super::*;
use crate::envelope::CommandEnvelope;
use crate::ports::{Intake, IntakeMessage};
use crate::testing::{board_id, message_id, new_note, position};

const MESSAGE_BYTES_MAX: usize = 1_024;

/// Holds what a test puts in.
struct Submitted(Waiting<mpsc::UnboundedReceiver<IntakeMessage>>);

#[async_trait]
impl Intake for Submitted {
    async fn next(&self) -> Option<IntakeMessage> {
        self.0.lock().await.recv().await
    }
}

/// Programs in front of a gateway that knows the tokens `1` to `9`.
struct Programs {
    house: House,
    intake: mpsc::UnboundedSender<IntakeMessage>,
    serving: JoinHandle<()>,
    sent_on: mpsc::UnboundedReceiver<CommandEnvelope>,
}

impl Programs {
    fn at_work() -> Self {
        let (commands, sent_on) = mpsc::unbounded_channel();
        let mut surroundings = Surroundings::answering(|_| Err(no_bus()));
        surroundings.commands.expect_send().returning(move |batch| {
            for command in batch {
                commands.send(command).ok();
            }
            Ok(())
        });
        let house = surroundings.house();
        let (intake, submissions) = mpsc::unbounded_channel();
        let (gateway, submissions) =
            (Arc::clone(&house.gateway), Submitted(Waiting::new(submissions)));
        let identify = |token: &str| token.parse().ok().map(identity);
        let serving = tokio::spawn(async move {
            gateway.consume_intake(&submissions, MESSAGE_BYTES_MAX, identify).await;
        });
        Self { house, intake, serving, sent_on }
    }

    /// Puts in a message, and gives where the answer will be.
    fn put(&self, token: Option<&str>, message: &[u8]) -> oneshot::Receiver<EncodedMessage> {
        let (answer, answered) = oneshot::channel();
        let submission = IntakeMessage {
            token: token.map(ToOwned::to_owned),
            message: message.to_vec(),
            reply: Box::new(|encoded| drop(answer.send(encoded))),
        };
        self.intake.send(submission).unwrap_or_else(|_| panic!("the gateway takes in"));
        answered
    }

    async fn refused(&self, token: Option<&str>, message: &[u8]) -> (RefusalCode, String) {
        match hear(self.put(token, message)).await {
            ServerMessage::Refused(refusal) => (refusal.code, refusal.detail),
            other => panic!("{other:?}"),
        }
    }

    /// The next command that was sent on is saved.
    async fn save_one(&mut self) -> CommandEnvelope {
        let sent = timeout(DEADLINE, self.sent_on.recv()).await.ok().flatten();
        let command = sent.expect("it is sent on");
        let outcome = Some(Outcome::Saved { position: position(1) });
        self.house.tell(Incoming::Outcomes(vec![command.with_outcome(outcome)]));
        command
    }
}

async fn hear(answer: oneshot::Receiver<EncodedMessage>) -> ServerMessage {
    decode(&timeout(DEADLINE, answer).await.expect("in time").expect("an answer"))
}

fn message(n: u64) -> Vec<u8> {
    let CommandEnvelope { body, .. } = new_note(1, n);
    let sent = SentCommand { id: message_id(n), board: board_id(1), key: None, body };
    ClientMessage::Command(sent).to_json().expect("it is JSON").into_bytes()
}

#[tokio::test]
async fn a_program_is_answered_with_the_outcome_of_its_command() {
    let mut programs = Programs::at_work();
    let answer = programs.put(Some("7"), &message(1));

    let command = programs.save_one().await;

    assert_eq!((command.actor, command.client), (identity(7).actor, identity(7).client));
    let (id, board) = (message_id(1), board_id(1));
    let outcome = Outcome::Saved { position: position(1) };
    assert_eq!(hear(answer).await, ServerMessage::Outcome { id, board, outcome });
}

#[tokio::test]
async fn who_shows_no_token_or_a_wrong_one_is_refused_and_nothing_is_sent_on() {
    let mut programs = Programs::at_work();
    for token in [None, Some(""), Some("somebody")] {
        let (code, detail) = programs.refused(token, &message(1)).await;
        assert_eq!(code, RefusalCode::Unauthenticated);
        assert!(detail.contains("token"), "{detail}");
    }
    assert!(programs.sent_on.try_recv().is_err());
}

#[tokio::test]
async fn what_is_no_command_is_refused_by_name() {
    let programs = Programs::at_work();
    let large = vec![b' '; MESSAGE_BYTES_MAX + 1];
    let cases: [(&[u8], RefusalCode, &str); 4] = [
        (b"\xff", RefusalCode::Malformed, "UTF-8"),
        (br#"{"v": 1, "type": "command"}"#, RefusalCode::Malformed, "`id`"),
        (br#"{"v": 1, "type": "ping"}"#, RefusalCode::UnknownType, "only commands"),
        (&large, RefusalCode::Malformed, "larger"),
    ];
    for (message, code, part) in cases {
        let (refused, detail) = programs.refused(Some("1"), message).await;
        assert!(refused == code && detail.contains(part), "{refused:?}: {detail}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_program_without_an_outcome_in_time_hears_again() {
    let programs = Programs::at_work();
    let answer = hear(programs.put(Some("1"), &message(1))).await;
    let id = Some(message_id(1));
    assert_eq!(answer, ServerMessage::Again { id, board: None, after_ms: 1_000 });
}

#[tokio::test]
async fn a_program_that_waits_holds_up_no_other() {
    let mut programs = Programs::at_work();
    let _waits = programs.put(Some("1"), &message(1));
    timeout(DEADLINE, programs.sent_on.recv()).await.expect("it is sent on");
    let answer = programs.put(Some("2"), &message(2));
    programs.save_one().await;
    assert!(matches!(hear(answer).await, ServerMessage::Outcome { .. }));
}

#[tokio::test]
async fn what_is_under_way_is_answered_when_nothing_more_comes() {
    let mut programs = Programs::at_work();
    let answer = programs.put(Some("1"), &message(1));
    let (closed, _) = mpsc::unbounded_channel();
    programs.intake = closed;
    programs.save_one().await;
    assert!(matches!(hear(answer).await, ServerMessage::Outcome { .. }));
    programs.serving.await.expect("it ends");
}
