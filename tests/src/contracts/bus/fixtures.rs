//! Messages for the clauses, and helpers that wait for messages.

use std::time::Duration;

use serde_json::value::RawValue;
use sockbit_application::bus_messages::{
    Address, AnnouncedEvent, Announcement, BoardPresence, CommandEnvelope, CoreQuery, EventsQuery,
    OutcomeEnvelope, PresenceUpdate,
};
use sockbit_application::ports::{Delivery, Incoming, WorkQueue};
use sockbit_application::slot::Slot;
use sockbit_application::trace_id::TraceId;
use sockbit_domain::wire::PersonPresence;
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, ClientId, Event, EventId, KeyHash, MessageId, NoteId, Outcome,
    Position, Seq, Timestamp, Title,
};
use tokio::time::timeout;
use uuid::Uuid;

use super::GatewayPorts;

/// Longer than any call of a bus takes.
pub const DEADLINE: Duration = Duration::from_mins(1);
/// How long a clause waits for a message that must not arrive.
pub const QUIET: Duration = Duration::from_millis(300);
/// More commands than any clause sends.
pub const MANY: usize = 100_000;

/// Awaits a future, which must complete within [`DEADLINE`].
pub async fn within_deadline<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what} did not arrive in time"))
}

/// Asserts that a future does not complete within [`QUIET`].
pub async fn assert_silent<T: std::fmt::Debug>(what: &str, future: impl Future<Output = T>) {
    if let Ok(output) = timeout(QUIET, future).await {
        panic!("{what} arrived: {output:?}");
    }
}

pub fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(n.into())
}

/// A command with this number to that board, from the first session of a gateway.
pub fn command(sender: &GatewayPorts, board: u64, number: u64) -> CommandEnvelope {
    CommandEnvelope {
        trace: TraceId(uuid(number + 1_000)),
        reply_to: Address::new(sender.id, 1),
        actor: Actor { id: ActorId(uuid(7)), name: "Ada".to_owned(), colour: 3 },
        client: ClientId(uuid(8)),
        message: MessageId(uuid(number)),
        board: BoardId(uuid(board)),
        key: None,
        body: body(&format!("{{\"n\":{number}}}")),
    }
}

pub fn body(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("valid JSON")
}

/// All fields of a command, for comparison.
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

/// Takes and acknowledges at least `count` commands.
pub async fn take_commands(work: &dyn WorkQueue, count: usize) -> Vec<CommandEnvelope> {
    let mut commands = Vec::new();
    while commands.len() < count {
        let deliveries =
            within_deadline("a delivery", work.take(MANY)).await.expect("the bus is open");
        let tags = deliveries.iter().map(|it| it.tag).collect();
        work.acknowledge(tags).await.expect("the bus is available");
        commands.extend(deliveries.into_iter().flat_map(|it| it.commands));
    }
    commands
}

pub async fn send(gateway: &GatewayPorts, batch: Vec<CommandEnvelope>) {
    gateway.commands.send(batch).await.expect("the bus accepts the batch");
}

/// Sends commands with these numbers, each in its own message.
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
    outcome_of(command, Some(Outcome::Saved { position }))
}

pub fn outcome_of(command: &CommandEnvelope, outcome: Option<Outcome>) -> OutcomeEnvelope {
    OutcomeEnvelope {
        trace: command.trace,
        to: command.reply_to,
        board: command.board,
        message: command.message,
        outcome,
    }
}

/// The next message from a worker.
pub async fn next_incoming(gateway: &GatewayPorts) -> Incoming {
    within_deadline("an announcement", gateway.announcements.next()).await.expect("the bus is open")
}

/// The next message, which must be an announcement.
pub async fn next_announcement(gateway: &GatewayPorts) -> Announcement {
    match next_incoming(gateway).await {
        Incoming::Announcement(announcement) => announcement,
        other => panic!("not an announcement: {other:?}"),
    }
}

/// The number of the first event of the next announcement.
pub async fn next_number(gateway: &GatewayPorts) -> u64 {
    next_announcement(gateway).await.events.first().expect("an event").event.seq.0
}

pub async fn next_outcomes(gateway: &GatewayPorts) -> Vec<OutcomeEnvelope> {
    match next_incoming(gateway).await {
        Incoming::Outcomes(outcomes) => outcomes,
        other => panic!("not outcomes: {other:?}"),
    }
}

pub async fn subscribe(gateway: &GatewayPorts, slot: u8) {
    gateway.announcements.subscribe(Slot(slot)).await.expect("the bus is available");
}

pub fn head(number: u64) -> Position {
    event(number).position()
}

/// A query with this number.
pub fn query(number: u64) -> CoreQuery {
    CoreQuery::Events(events_query(number))
}

/// A query for the events after this number.
pub fn events_query(number: u64) -> EventsQuery {
    EventsQuery { board: BoardId(uuid(1)), after: Seq(number), id: None }
}

/// The presence of one actor in the note with this number.
pub fn presence_update(gateway: &GatewayPorts, slot: u8, number: u64) -> PresenceUpdate {
    let actor = Actor { id: ActorId(uuid(7)), name: "Ada\u{2028}".to_owned(), colour: 3 };
    let people = vec![PersonPresence { actor, notes: vec![NoteId(uuid(number))] }];
    let boards = vec![BoardPresence { board: BoardId(uuid(1)), people, more: 2, asks: true }];
    PresenceUpdate { gateway: gateway.id, slot: Slot(slot), boards }
}

pub async fn next_presence(gateway: &GatewayPorts) -> PresenceUpdate {
    within_deadline("presence", gateway.presence.next_update()).await.expect("the bus is open")
}
