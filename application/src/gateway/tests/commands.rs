//! Commands that the bus does not take, and outcomes on their way back.

use sockbit_domain::MessageId;
use tokio::task::yield_now;

use super::*;
use crate::envelope::CommandEnvelope;
use crate::testing::{board_id, message_id, new_note, position};
use crate::trace::TraceId;

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

async fn each_sender_hears_again(error: SendError) {
    let house = Surroundings::sending(Err(error)).house();
    let mut clients = [house.client(1), house.client(2)];
    for (message, client) in (1..).zip(&clients) {
        client.say(ClientMessage::Command(sent(message))).await;
    }
    for (message, client) in (1..).zip(&mut clients) {
        client.hears_the_welcome().await;
        assert_eq!(client.hear().await, again_for(message));
    }
}

#[tokio::test]
async fn each_sender_hears_again_where_the_bus_refuses() {
    each_sender_hears_again(SendError::Refused("full".to_owned())).await;
}

#[tokio::test]
async fn each_sender_hears_again_where_the_bus_does_not_confirm() {
    each_sender_hears_again(SendError::Unknown("no word".to_owned())).await;
}

#[tokio::test]
async fn what_the_connections_gave_in_one_turn_is_one_message() {
    let mut surroundings = Surroundings::sending(Ok(()));
    surroundings.commands = MockCommands::new();
    let (batches, mut sent_on) = mpsc::unbounded_channel();
    surroundings.commands.expect_send().returning(move |batch| {
        batches.send(batch).ok();
        Ok(())
    });
    let house = surroundings.house();
    let clients = [house.client(1), house.client(2)];

    clients[0].say(ClientMessage::Command(sent(1))).await;
    clients[1].say(ClientMessage::Command(sent(2))).await;
    clients[0].say(ClientMessage::Command(sent(3))).await;

    let batch = timeout(DEADLINE, sent_on.recv()).await.ok().flatten().expect("it is sent on");
    assert!(batch.iter().map(|it| it.message).eq([1, 2, 3].map(message_id)));
    assert!(batch.iter().map(|it| it.actor.id).eq([1, 2, 1].map(|n| person(n).id)));
}

#[tokio::test(start_paused = true)]
async fn commands_wait_for_the_bus_up_to_a_bound_in_bytes_and_then_come_again() {
    let (batches, mut sent_on) = mpsc::unbounded_channel();
    let sender = CommandSender::new();
    let large = |message| {
        let body = format!("\"{}\"", "x".repeat(1024 * 1024));
        let body = serde_json::value::RawValue::from_string(body).expect("it is JSON");
        CommandEnvelope { body, ..new_note(1, message) }
    };
    for message in 1..=7 {
        sender.send(large(message)).await.expect("there is room");
    }
    assert!(sender.send(large(8)).await.is_err(), "no room in time");

    let mut commands = MockCommands::new();
    commands.expect_send().returning(move |batch| {
        batches.send(batch.len()).ok();
        Ok(())
    });
    let runs = timeout(Duration::from_secs(1), sender.run(&commands, |_| ()));
    let sends = async { sender.send(large(9)).await };
    assert!(matches!(tokio::join!(runs, sends), (Err(_), Ok(()))), "the bus makes room");
    assert_eq!((sent_on.recv().await, sent_on.recv().await), (Some(7), Some(1)));
}

/// A bus that says nothing, as one whose broker is out of memory.
struct Silent;

#[async_trait]
impl Commands for Silent {
    async fn send(&self, _: Vec<CommandEnvelope>) -> Result<(), SendError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_hears_nothing_of_a_silent_bus_hears_again_within_five_seconds() {
    let sender = CommandSender::new();
    let begun = Instant::now();
    let told = Mutex::new(Vec::new());
    let runs = sender.run(&Silent, |senders| {
        let told_at = begun.elapsed().as_millis();
        locked(&told).extend(senders.iter().map(|it| (it.message, told_at)));
    });
    let sends = async {
        for message in 1..=3 {
            sender.send(new_note(1, message)).await.expect("there is room");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let runs_on = timeout(Duration::from_secs(20), runs);
    assert!(tokio::join!(runs_on, sends).0.is_err(), "it goes on");
    let each = (0..3).map(|n| (message_id(n + 1), u128::from(n * 1_000 + 4_500)));
    assert_eq!(*locked(&told), each.collect::<Vec<_>>());
}

#[tokio::test]
async fn the_key_of_a_link_goes_no_further_than_the_gateway() {
    let mut surroundings = Surroundings::sending(Ok(()));
    surroundings.commands = MockCommands::new();
    let (batches, mut sent_on) = mpsc::unbounded_channel();
    surroundings.commands.expect_send().returning(move |batch| {
        batches.send(batch).ok();
        Ok(())
    });
    let house = surroundings.house();
    let with_key = SentCommand { key: Some("secret".to_owned()), ..sent(1) };

    house.client(1).say(ClientMessage::Command(with_key)).await;

    let batch = timeout(DEADLINE, sent_on.recv()).await.ok().flatten().expect("it is sent on");
    let [envelope] = batch.as_slice() else { panic!("{batch:?}") };
    // SHA-256 of "secret", by any other tool.
    let digest = envelope.key.map(|it| it.0.map(|byte| format!("{byte:02x}")).concat());
    assert_eq!(
        digest.as_deref(),
        Some("2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b")
    );
    assert!(!format!("{envelope:?}").contains("secret"));
}

#[tokio::test]
async fn answers_for_another_gateway_are_ignored() {
    let house = Surroundings::sending(Ok(())).house();
    let mut client = house.client(1);
    client.hears_the_welcome().await;
    let own = Address { gateway: house.gateway.id, session: 1 };
    let elsewhere = Address { gateway: uuid(0xbad), session: 1 };

    house.tell(Incoming::Outcomes(vec![saved(1, elsewhere), saved(2, own)]));

    assert_eq!(outcome_id(&client.hear().await), Some(message_id(2)));
}

#[tokio::test]
async fn an_outcome_for_a_session_that_has_ended_hinders_nobody() {
    let house = Surroundings::sending(Ok(())).house();
    let (gone, mut client) = (house.client(1), house.client(2));
    client.hears_the_welcome().await;
    drop(gone);
    let to = |session| Address { gateway: house.gateway.id, session };

    house.tell(Incoming::Outcomes(vec![saved(1, to(1)), saved(2, to(2))]));

    assert_eq!(outcome_id(&client.hear().await), Some(message_id(2)));
}

/// A form that waits for the outcome of the command with number 1.
async fn form(house: &House) -> JoinHandle<Result<Outcome, Unavailable>> {
    let gateway = Arc::clone(&house.gateway);
    let form = tokio::spawn(async move { gateway.command(&identity(1), sent(1)).await });
    while house.gateway.recipients().is_empty() {
        yield_now().await;
    }
    form
}

#[tokio::test]
async fn a_form_gets_the_outcome_of_its_command() {
    let house = Surroundings::sending(Ok(())).house();
    let form = form(&house).await;
    let to = Address { gateway: house.gateway.id, session: 1 };

    house.tell(Incoming::Outcomes(vec![saved(1, to)]));

    let outcome = form.await.expect("it does not panic");
    assert_eq!(outcome, Ok(Outcome::Saved { position: position(1) }));
    assert!(house.gateway.recipients().is_empty());
}

#[tokio::test]
async fn a_form_whose_command_was_not_taken_is_told_to_come_again() {
    let house = Surroundings::sending(Err(SendError::Refused("full".to_owned()))).house();
    let outcome = house.gateway.command(&identity(1), sent(1)).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert!(house.gateway.recipients().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_form_without_an_outcome_in_time_is_told_to_come_again() {
    let house = Surroundings::sending(Ok(())).house();
    let begin = tokio::time::Instant::now();
    let outcome = house.gateway.command(&identity(1), sent(1)).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert_eq!(begin.elapsed().as_secs(), 10);
    assert!(house.gateway.recipients().is_empty());
}

#[tokio::test]
async fn a_form_that_was_left_is_forgotten() {
    let house = Surroundings::sending(Ok(())).house();
    let form = form(&house).await;
    form.abort();
    assert!(form.await.is_err_and(|error| error.is_cancelled()));
    assert!(house.gateway.recipients().is_empty());
}
