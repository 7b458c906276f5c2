//! Messages for the clauses, and ways to wait for what should come and for what should not.

use std::time::Duration;

use serde_json::value::RawValue;
use sockbit_application::envelope::{
    Address, AnnouncedEvent, Announcement, BoardPresence, CommandEnvelope, CoreQuery,
    OutcomeEnvelope, PresenceUpdate,
};
use sockbit_application::ports::{Delivery, Incoming, WorkQueue};
use sockbit_application::slot::Slot;
use sockbit_application::trace::TraceId;
use sockbit_domain::wire::PersonPresence;
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, ClientId, Event, EventId, KeyHash, MessageId, NoteId, Outcome,
    Position, Seq, Timestamp, Title,
};
use tokio::time::timeout;
use uuid::Uuid;

use super::GatewayPorts;

/// Within this everything comes that comes at all, a bus's own deadlines included.
pub const DEADLINE: Duration = Duration::from_mins(1);
/// What did not come within this is taken not to come.
pub const QUIET: Duration = Duration::from_millis(300);
/// More than any worker takes at one go here.
pub const MANY: usize = 100_000;

/// What comes of it in time.
pub async fn within_deadline<T>(what: &str, coming: impl Future<Output = T>) -> T {
    let come = timeout(DEADLINE, coming).await;
    come.unwrap_or_else(|_| panic!("{what} did not come in time"))
}

/// Waits, and finds that nothing comes.
pub async fn assert_silent<T: std::fmt::Debug>(what: &str, coming: impl Future<Output = T>) {
    if let Ok(come) = timeout(QUIET, coming).await {
        panic!("{what} came: {come:?}");
    }
}

pub fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(n.into())
}

/// The command with this number, about that board, from the first session of a gateway.
pub fn command(sender: &GatewayPorts, board: u64, number: u64) -> CommandEnvelope {
    CommandEnvelope {
        trace: TraceId(uuid(number + 1_000)),
        reply_to: Address { gateway: sender.id, session: 1 },
        actor: Actor { id: ActorId(uuid(7)), name: "Ada".to_owned(), colour: 3 },
        client: ClientId(uuid(8)),
        message: MessageId(uuid(number)),
        board: BoardId(uuid(board)),
        key: None,
        body: body(&format!("{{\"n\":{number}}}")),
    }
}

pub fn body(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("it is JSON")
}

/// Everything in a command, to be compared.
pub fn parts(
    it: &CommandEnvelope,
) -> (TraceId, Address, &Actor, ClientId, MessageId, BoardId, Option<KeyHash>, &str) {
    (it.trace, it.reply_to, &it.actor, it.client, it.message, it.board, it.key, it.body.get())
}

pub fn number(command: &CommandEnvelope) -> u64 {
    command.message.0.as_u64_pair().1
}

pub fn numbers(deliveries: &[Delivery]) -> Vec<u64> {
    deliveries.iter().flat_map(|it| &it.commands).map(number).collect()
}

/// Takes and acknowledges until so many commands have come.
pub async fn take_commands(work: &dyn WorkQueue, count: usize) -> Vec<CommandEnvelope> {
    let mut commands = Vec::new();
    while commands.len() < count {
        let deliveries =
            within_deadline("a delivery", work.take(MANY)).await.expect("the bus is open");
        let tags = deliveries.iter().map(|it| it.tag).collect();
        work.acknowledge(tags).await.expect("the bus is there");
        commands.extend(deliveries.into_iter().flat_map(|it| it.commands));
    }
    commands
}

pub async fn send(gateway: &GatewayPorts, batch: Vec<CommandEnvelope>) {
    gateway.commands.send(batch).await.expect("the bus takes it");
}

/// Sends the commands with these numbers, each as a message of its own.
pub async fn send_each(gateway: &GatewayPorts, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        send(gateway, vec![command(gateway, 1, number)]).await;
    }
}

pub fn event(number: u64) -> Event {
    Event {
        board: BoardId(uuid(1)),
        seq: Seq(number),
        from: Seq(number),
        id: EventId(uuid(number + 2_000)),
        message: MessageId(uuid(number)),
        actor: Actor { id: ActorId(uuid(7)), name: "Ada".to_owned(), colour: 3 },
        at: Timestamp(1_700_000_000_000),
        change: Change::BoardRenamed { title: Title::stored(format!("Title {number}")) },
    }
}

/// An announcement of one event with this number.
pub fn announcement(slot: u8, number: u64) -> Announcement {
    let announced = AnnouncedEvent {
        trace: TraceId(uuid(number + 1_000)),
        follows: Some(EventId(uuid(number + 1_999))),
        event: event(number),
    };
    Announcement { slot: Slot(slot), events: vec![announced] }
}

pub fn saved(command: &CommandEnvelope) -> OutcomeEnvelope {
    let position = event(number(command)).position();
    answered(command, Some(Outcome::Saved { position }))
}

pub fn answered(command: &CommandEnvelope, outcome: Option<Outcome>) -> OutcomeEnvelope {
    OutcomeEnvelope {
        trace: command.trace,
        to: command.reply_to,
        board: command.board,
        message: command.message,
        outcome,
    }
}

/// The next news.
pub async fn hear(gateway: &GatewayPorts) -> Incoming {
    within_deadline("news", gateway.announcements.next()).await.expect("the bus is open")
}

/// The next news, which is an announcement.
pub async fn hear_announcement(gateway: &GatewayPorts) -> Announcement {
    match hear(gateway).await {
        Incoming::Announcement(announcement) => announcement,
        other => panic!("this is no announcement: {other:?}"),
    }
}

/// The number of the one event that is announced next.
pub async fn hear_number(gateway: &GatewayPorts) -> u64 {
    hear_announcement(gateway).await.events.first().expect("something is announced").event.seq.0
}

pub async fn hear_answers(gateway: &GatewayPorts) -> Vec<OutcomeEnvelope> {
    match hear(gateway).await {
        Incoming::Outcomes(answers) => answers,
        other => panic!("these are no answers: {other:?}"),
    }
}

pub async fn subscribe(gateway: &GatewayPorts, slot: u8) {
    gateway.announcements.subscribe(Slot(slot)).await.expect("the bus is there");
}

pub fn head(number: u64) -> Position {
    event(number).position()
}

/// A query by its number.
pub fn query(number: u64) -> CoreQuery {
    CoreQuery::Events { board: BoardId(uuid(1)), after: Seq(number), id: None }
}

/// What a gateway tells of one person, who is in the note with this number.
pub fn presences(gateway: &GatewayPorts, slot: u8, number: u64) -> PresenceUpdate {
    let actor = Actor { id: ActorId(uuid(7)), name: "Ada\u{2028}".to_owned(), colour: 3 };
    let people = vec![PersonPresence { actor, notes: vec![NoteId(uuid(number))] }];
    let boards = vec![BoardPresence { board: BoardId(uuid(1)), people, more: 2, asks: true }];
    PresenceUpdate { gateway: gateway.id, slot: Slot(slot), boards }
}

pub async fn hear_presences(gateway: &GatewayPorts) -> PresenceUpdate {
    within_deadline("presence", gateway.presence.next_update()).await.expect("the bus is open")
}
