//! Commands that the bus does not accept, and the delivery of outcomes.

use sockbit_domain::wire::SentCommand;
use sockbit_domain::{MessageId, Outcome};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::Instant;

use super::*;
use crate::bus_messages::{Address, CommandEnvelope, OutcomeEnvelope};
use crate::gateway::command_batcher::CommandBatcher;
use crate::ports::{Commands, Confirm};
use crate::test_fixtures::{board_id, message_id, new_note, position};
use crate::trace_id::TraceId;

fn sent(message: u64) -> SentCommand {
    let CommandEnvelope { body, .. } = new_note(1, message);
    SentCommand { id: message_id(message), board: board_id(1), key: None, body }
}

fn again_for(message: u64) -> ServerMessage {
    ServerMessage::Again { id: Some(message_id(message)), board: None, after_ms: 1_000 }
}

fn saved(message: u64, to: Address) -> OutcomeEnvelope {
    OutcomeEnvelope {
        trace: TraceId::default(),
        to,
        board: board_id(1),
        message: message_id(message),
        outcome: Some(Outcome::Saved { position: position(message) }),
    }
}

fn outcome_id(message: &ServerMessage) -> Option<MessageId> {
    match message {
        ServerMessage::Outcome { id, .. } => Some(*id),
        _ => None,
    }
}

async fn assert_each_sender_gets_again(error: SendError) {
    let fixture = FixtureBuilder::sending(Err(error)).start();
    let mut clients = [fixture.client(1), fixture.client(2)];
    for (message, client) in (1..).zip(&clients) {
        client.send(ClientMessage::Command(sent(message))).await;
    }
    for (message, client) in (1..).zip(&mut clients) {
        client.receive_welcome().await;
        assert_eq!(client.receive().await, again_for(message));
    }
}

#[tokio::test]
async fn each_sender_gets_again_if_the_bus_refuses() {
    assert_each_sender_gets_again(SendError::Refused("full".to_owned())).await;
}

#[tokio::test]
async fn each_sender_gets_again_if_the_bus_does_not_confirm() {
    assert_each_sender_gets_again(SendError::Unknown("no confirmation".to_owned())).await;
}

#[tokio::test]
async fn queued_commands_of_all_connections_are_sent_as_one_batch() {
    let mut builder = FixtureBuilder::sending(Ok(()));
    builder.commands = commands_of_one_queue();
    let (batches, mut sent_batches) = mpsc::unbounded_channel();
    builder.commands.expect_send().returning(move |batch| {
        batches.send(batch).ok();
        ready_confirm(Ok(()))
    });
    let fixture = builder.start();
    let clients = [fixture.client(1), fixture.client(2)];

    clients[0].send(ClientMessage::Command(sent(1))).await;
    clients[1].send(ClientMessage::Command(sent(2))).await;
    clients[0].send(ClientMessage::Command(sent(3))).await;

    let batch =
        timeout(DEADLINE, sent_batches.recv()).await.ok().flatten().expect("a batch is sent");
    assert!(batch.iter().map(|it| it.message).eq([1, 2, 3].map(message_id)));
    assert!(batch.iter().map(|it| it.actor.id).eq([1, 2, 1].map(|n| person(n).id)));
}

#[tokio::test(start_paused = true)]
async fn queued_commands_are_bounded_in_bytes_and_refused_after_a_deadline() {
    let (batches, mut sent_batches) = mpsc::unbounded_channel();
    let sender = CommandBatcher::new();
    let large = |message| {
        let body = format!("\"{}\"", "x".repeat(1024 * 1024));
        let body = serde_json::value::RawValue::from_string(body).expect("it is JSON");
        CommandEnvelope { body, ..new_note(1, message) }
    };
    for message in 1..=7 {
        sender.send(large(message)).await.expect("it is within the budget");
    }
    assert!(sender.send(large(8)).await.is_err(), "the budget is used up");

    let mut commands = commands_of_one_queue();
    commands.expect_send().returning(move |batch| {
        batches.send(batch.len()).ok();
        ready_confirm(Ok(()))
    });
    let runs = timeout(Duration::from_secs(1), sender.run(&commands, |_| ()));
    let sends = async { sender.send(large(9)).await };
    assert!(
        matches!(tokio::join!(runs, sends), (Err(_), Ok(()))),
        "the bus takes the queued commands"
    );
    assert_eq!((sent_batches.recv().await, sent_batches.recv().await), (Some(7), Some(1)));
}

struct UnconfirmedBatch {
    numbers: Vec<u64>,
    confirm: oneshot::Sender<Result<(), SendError>>,
}

/// A bus with a work queue for each slot, which confirms when a test does.
#[derive(Default)]
struct UnconfirmedBus {
    batches: Mutex<Vec<UnconfirmedBatch>>,
}

impl Commands for UnconfirmedBus {
    fn send(&self, batch: Vec<CommandEnvelope>) -> Confirm<SendError> {
        let (sender, confirm) = oneshot::channel();
        let numbers = batch.iter().map(number).collect();
        locked(&self.batches).push(UnconfirmedBatch { numbers, confirm: sender });
        Box::pin(async move { confirm.await.expect("the test confirms it") })
    }

    fn work_queue(&self, slot: Slot) -> u16 {
        slot.0.into()
    }
}

fn number(command: &CommandEnvelope) -> u64 {
    command.message.0.as_u64_pair().1
}

impl UnconfirmedBus {
    /// The batches that were sent so far.
    fn sent(&self) -> Vec<Vec<u64>> {
        locked(&self.batches).iter().map(|it| it.numbers.clone()).collect()
    }

    /// Confirms the batch with this index among the unconfirmed ones.
    fn confirm(&self, index: usize, result: Result<(), SendError>) {
        let batch = locked(&self.batches).remove(index);
        batch.confirm.send(result).expect("the gateway waits for it");
    }
}

/// A gateway's batcher on an [`UnconfirmedBus`], and the commands whose senders got `again`.
#[derive(Default)]
struct RunningBatcher {
    bus: Arc<UnconfirmedBus>,
    again: Arc<Mutex<Vec<u64>>>,
}

impl RunningBatcher {
    fn start(&self) -> Arc<CommandBatcher> {
        let batcher = Arc::new(CommandBatcher::new());
        let (runs, bus) = (Arc::clone(&batcher), Arc::clone(&self.bus));
        let again = Arc::clone(&self.again);
        tokio::spawn(async move {
            let send_again = |senders: Vec<OutcomeEnvelope>| {
                locked(&again).extend(senders.iter().map(|it| it.message.0.as_u64_pair().1));
            };
            runs.run(&*bus, send_again).await;
        });
        batcher
    }
}

/// Waits until the batcher has nothing left to do.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn batches_do_not_wait_for_the_confirms_of_a_few_earlier_ones() {
    let running = RunningBatcher::default();
    let batcher = running.start();
    for message in 1..=6 {
        batcher.send(new_note(1, message)).await.expect("it is within the budget");
        settle().await;
    }
    assert_eq!(running.bus.sent(), [[1], [2], [3], [4]], "the others wait and form one batch");

    running.bus.confirm(2, Ok(()));
    settle().await;

    assert_eq!(running.bus.sent(), [vec![1], vec![2], vec![4], vec![5, 6]]);
    assert!(locked(&running.again).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_work_queue_that_does_not_confirm_does_not_delay_others() {
    let running = RunningBatcher::default();
    let batcher = running.start();
    for message in 1..=20 {
        batcher.send(new_note(1, message)).await.expect("it is within the budget");
        settle().await;
    }

    batcher.send(new_note(2, 21)).await.expect("it is within the budget");
    settle().await;

    assert_ne!(Slot::of(board_id(1)), Slot::of(board_id(2)));
    assert_eq!(running.bus.sent().last(), Some(&vec![21]));
}

#[tokio::test(start_paused = true)]
async fn only_the_senders_of_a_refused_batch_get_again_and_only_once() {
    let running = RunningBatcher::default();
    let batcher = running.start();
    for message in 1..=3 {
        batcher.send(new_note(1, message)).await.expect("it is within the budget");
        settle().await;
    }

    running.bus.confirm(1, Err(SendError::Refused("full".to_owned())));
    settle().await;
    assert_eq!(*locked(&running.again), [2]);

    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(*locked(&running.again), [2, 1, 3], "these are not confirmed in time");
    running.bus.confirm(0, Err(SendError::Unknown("late".to_owned())));
    running.bus.confirm(0, Ok(()));
    settle().await;
    assert_eq!(locked(&running.again).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_commands_for_one_work_queue_are_bounded_in_number() {
    let running = RunningBatcher::default();
    let batcher = running.start();
    for message in 1..=1_100 {
        batcher.send(new_note(1, message)).await.expect("it is within the budget");
        if message <= 4 {
            settle().await;
        }
    }
    settle().await;
    let again = locked(&running.again).clone();
    assert_eq!(again, (4 + 1_024 + 1..=1_100).collect::<Vec<_>>());
}

/// A bus that never confirms, as if its broker was out of memory.
struct UnresponsiveBus;

impl Commands for UnresponsiveBus {
    fn send(&self, _: Vec<CommandEnvelope>) -> Confirm<SendError> {
        Box::pin(std::future::pending())
    }

    fn work_queue(&self, _: Slot) -> u16 {
        0
    }
}

#[tokio::test(start_paused = true)]
async fn senders_get_again_within_five_seconds_if_the_bus_does_not_respond() {
    let sender = CommandBatcher::new();
    let start = Instant::now();
    let again = Mutex::new(Vec::new());
    let runs = sender.run(&UnresponsiveBus, |senders| {
        let at = start.elapsed().as_millis();
        locked(&again).extend(senders.iter().map(|it| (it.message, at)));
    });
    let sends = async {
        for message in 1..=3 {
            sender.send(new_note(1, message)).await.expect("it is within the budget");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let runs = timeout(Duration::from_secs(20), runs);
    assert!(tokio::join!(runs, sends).0.is_err(), "it continues to run");
    let expected = (0..3).map(|n| (message_id(n + 1), u128::from(n * 1_000 + 4_500)));
    assert_eq!(*locked(&again), expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn the_key_of_a_link_is_sent_as_a_hash_only() {
    let mut builder = FixtureBuilder::sending(Ok(()));
    builder.commands = commands_of_one_queue();
    let (batches, mut sent_batches) = mpsc::unbounded_channel();
    builder.commands.expect_send().returning(move |batch| {
        batches.send(batch).ok();
        ready_confirm(Ok(()))
    });
    let fixture = builder.start();
    let with_key = SentCommand { key: Some("secret".to_owned()), ..sent(1) };

    fixture.client(1).send(ClientMessage::Command(with_key)).await;

    let batch =
        timeout(DEADLINE, sent_batches.recv()).await.ok().flatten().expect("a batch is sent");
    let [envelope] = batch.as_slice() else { panic!("{batch:?}") };
    // The SHA-256 of "secret", computed with another program.
    let digest = envelope.key.map(|it| it.0.map(|byte| format!("{byte:02x}")).concat());
    assert_eq!(
        digest.as_deref(),
        Some("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b")
    );
    assert!(!format!("{envelope:?}").contains("secret"));
}

#[tokio::test]
async fn outcomes_for_another_gateway_are_ignored() {
    let fixture = FixtureBuilder::sending(Ok(())).start();
    let mut client = fixture.client(1);
    client.receive_welcome().await;
    let own = Address::new(fixture.gateway.id, 1);
    let other = Address::new(uuid(0xbad), 1);

    fixture.deliver(Incoming::Outcomes(vec![saved(1, other), saved(2, own)]));

    assert_eq!(outcome_id(&client.receive().await), Some(message_id(2)));
}

#[tokio::test]
async fn an_outcome_for_a_closed_session_is_ignored() {
    let fixture = FixtureBuilder::sending(Ok(())).start();
    let (closed, mut client) = (fixture.client(1), fixture.client(2));
    client.receive_welcome().await;
    drop(closed);
    let to = |session| Address::new(fixture.gateway.id, session);

    fixture.deliver(Incoming::Outcomes(vec![saved(1, to(1)), saved(2, to(2))]));

    assert_eq!(outcome_id(&client.receive().await), Some(message_id(2)));
}

/// Sends command 1 as a form does, and waits until it is pending.
async fn form(fixture: &GatewayFixture) -> JoinHandle<Result<Outcome, Unavailable>> {
    let gateway = Arc::clone(&fixture.gateway);
    let form = tokio::spawn(async move { gateway.command(&identity(1), sent(1)).await });
    while fixture.gateway.recipients.is_empty() {
        yield_now().await;
    }
    form
}

#[tokio::test]
async fn a_form_gets_the_outcome_of_its_command() {
    let fixture = FixtureBuilder::sending(Ok(())).start();
    let form = form(&fixture).await;
    let to = Address::new(fixture.gateway.id, 1);

    fixture.deliver(Incoming::Outcomes(vec![saved(1, to)]));

    let outcome = form.await.expect("it does not panic");
    assert_eq!(outcome, Ok(Outcome::Saved { position: position(1) }));
    assert!(fixture.gateway.recipients.is_empty());
}

#[tokio::test]
async fn a_form_fails_if_its_command_is_not_accepted() {
    let fixture = FixtureBuilder::sending(Err(SendError::Refused("full".to_owned()))).start();
    let outcome = fixture.gateway.command(&identity(1), sent(1)).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert!(fixture.gateway.recipients.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_form_fails_if_there_is_no_outcome_in_time() {
    let fixture = FixtureBuilder::sending(Ok(())).start();
    let start = Instant::now();
    let outcome = fixture.gateway.command(&identity(1), sent(1)).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert_eq!(start.elapsed().as_secs(), 10);
    assert!(fixture.gateway.recipients.is_empty());
}

#[tokio::test]
async fn an_aborted_form_is_unregistered() {
    let fixture = FixtureBuilder::sending(Ok(())).start();
    let form = form(&fixture).await;
    form.abort();
    assert!(form.await.is_err_and(|error| error.is_cancelled()));
    assert!(fixture.gateway.recipients.is_empty());
}
