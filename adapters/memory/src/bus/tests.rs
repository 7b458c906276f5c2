//! What the bus holds is bounded in bytes too.

use serde_json::value::RawValue;
use sockbit_application::envelope::{
    Address, AnnouncedEvent, Announcement, CommandEnvelope, OutcomeEnvelope,
};
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Incoming, SendError, WorkQueue,
};
use sockbit_application::slot::Slot;
use sockbit_application::trace::TraceId;
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, ClientId, Colour, Event, EventId, MessageId, NoteId, Rank,
    Seq, Text, Timestamp,
};
use uuid::Uuid;

use super::*;

const MIB: usize = 1024 * 1024;

fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(n.into())
}

fn actor() -> Actor {
    Actor { id: ActorId(uuid(7)), name: "Ada".to_owned(), colour: 0 }
}

fn command(number: u64, bytes: usize) -> CommandEnvelope {
    let body = RawValue::from_string(format!("\"{}\"", "x".repeat(bytes)));
    CommandEnvelope {
        trace: TraceId::default(),
        reply_to: Address { gateway: uuid(1), session: 1 },
        actor: actor(),
        client: ClientId(uuid(8)),
        message: MessageId(uuid(number)),
        board: BoardId(uuid(1)),
        key: None,
        body: body.expect("it is JSON"),
    }
}

fn announcement(number: u64, bytes: usize) -> Announcement {
    let event = Event {
        board: BoardId(uuid(1)),
        seq: Seq(number),
        from: Seq(number),
        id: EventId(uuid(number)),
        message: MessageId(uuid(number)),
        actor: actor(),
        at: Timestamp(0),
        change: Change::NoteCreated {
            note: NoteId(uuid(number)),
            text: Text::normalise(&"x".repeat(bytes)),
            colour: Colour::Paper,
            rank: Rank::middle(),
        },
    };
    let announced = AnnouncedEvent { trace: TraceId::default(), follows: None, event };
    Announcement { slot: Slot(1), events: vec![announced] }
}

/// How many messages of a mebibyte are taken before one is refused.
async fn accepted(gateway: &GatewayEnd) -> (usize, SendError) {
    for count in 0..1_000 {
        if let Err(error) = gateway.send(vec![command(1, MIB)]).await {
            return (count, error);
        }
    }
    panic!("there is no bound")
}

#[tokio::test(start_paused = true)]
async fn commands_that_nobody_takes_are_refused_beyond_so_many_bytes() {
    let gateway = MemoryBus::new().gateway();
    let (count, error) = accepted(&gateway).await;
    assert_eq!(count, 63, "64 MiB, each command a little over one");
    assert!(matches!(error, SendError::Refused(_)));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_makes_room_once_it_is_acknowledged() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    accepted(&gateway).await;

    let taken = worker.take(10).await.expect("the bus is open");
    assert!(gateway.send(vec![command(2, MIB)]).await.is_err(), "the worker may still die");
    let tags = taken.iter().map(|it| it.tag).collect();
    worker.acknowledge(tags).await.expect("memory does not fail");

    assert_eq!(accepted(&gateway).await.0, taken.len());
}

#[tokio::test(start_paused = true)]
async fn a_message_larger_than_the_bound_passes_alone() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    assert_eq!(gateway.send(vec![command(1, 70 * MIB)]).await, Ok(()));
    assert!(gateway.send(vec![command(2, 1)]).await.is_err(), "there is no room beside it");

    let taken = worker.take(1).await.expect("the bus is open");
    worker.acknowledge(taken.iter().map(|it| it.tag).collect()).await.expect("it is there");

    assert_eq!(gateway.send(vec![command(2, 1)]).await, Ok(()));
}

#[tokio::test]
async fn a_gateway_that_does_not_hear_keeps_the_latest_bytes_of_news_and_is_told() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    gateway.subscribe(Slot(1)).await.expect("memory does not fail");
    for number in 1..=100 {
        worker.announce(vec![announcement(number, MIB)]).await.expect("memory does not fail");
    }

    let first = gateway.next().await;
    assert!(matches!(first, Some(Incoming::Interrupted)), "{first:?}");
    for number in 38..=100 {
        let news = gateway.next().await;
        let Some(Incoming::Announcement(it)) = news else { panic!("{news:?}") };
        assert!(it.events.iter().map(|it| it.event.seq).eq([Seq(number)]));
    }
}

#[tokio::test]
async fn a_gateway_that_does_not_hear_keeps_so_many_news_and_is_told() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    gateway.send(vec![command(1, 1)]).await.expect("there is room");
    let answer = |number| command(number, 1).with_outcome(None);
    for number in 1..=5_000 {
        worker.send_outcomes(vec![answer(number)]).await.expect("memory does not fail");
    }

    let first = gateway.next().await;
    assert!(matches!(first, Some(Incoming::Interrupted)), "{first:?}");
    let news = gateway.next().await;
    let Some(Incoming::Outcomes(answers)) = news else { panic!("{news:?}") };
    let oldest: Vec<OutcomeEnvelope> = vec![answer(5_000 - 4_095)];
    assert_eq!(answers, oldest);
}

#[tokio::test]
async fn one_announcement_is_heard_whatever_its_size() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    gateway.subscribe(Slot(1)).await.expect("memory does not fail");
    worker.announce(vec![announcement(1, 70 * MIB)]).await.expect("memory does not fail");
    assert!(matches!(gateway.next().await, Some(Incoming::Announcement(_))));
}

#[tokio::test]
async fn a_gateway_that_is_gone_is_forgotten() {
    let bus = MemoryBus::new();
    let worker = bus.worker();
    drop(bus.gateway());
    worker.send_outcomes(Vec::new()).await.expect("memory does not fail");
    assert!(locked(&bus.shared.subscribers).is_empty());
}
