//! The queues of the bus are bounded in number and bytes.

use std::time::Duration;

use futures::FutureExt;
use serde_json::value::RawValue;
use sockbit_application::bus_messages::{
    Address, AnnouncedEvent, Announcement, CommandEnvelope, OutcomeEnvelope,
};
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Incoming, SendError, WorkQueue,
};
use sockbit_application::slot::Slot;
use sockbit_application::trace_id::TraceId;
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, ClientId, Colour, Event, EventId, MessageId, NoteId, Rank,
    Seq, Text, Timestamp,
};
use tokio::time::timeout;
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
        reply_to: Address::new(uuid(1), 1),
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

/// How many commands of one mebibyte are accepted before one is refused, and the error.
async fn fill(gateway: &GatewayEndpoint) -> (usize, SendError) {
    for count in 0..1_000 {
        if let Err(error) = gateway.send(vec![command(1, MIB)]).await {
            return (count, error);
        }
    }
    panic!("there is no limit")
}

#[tokio::test(start_paused = true)]
async fn commands_beyond_the_byte_limit_are_refused() {
    let gateway = MemoryBus::new().gateway();
    let (count, error) = fill(&gateway).await;
    assert_eq!(count, 63, "the limit is 64 MiB, and each command takes a little over one");
    assert!(matches!(error, SendError::Refused(_)));
}

#[tokio::test(start_paused = true)]
async fn commands_count_towards_the_limit_until_they_are_acknowledged() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    fill(&gateway).await;

    let taken = worker.take(10).await.expect("the bus is open");
    assert!(gateway.send(vec![command(2, MIB)]).await.is_err(), "they are not acknowledged");
    let tags = taken.iter().map(|it| it.tag).collect();
    worker.acknowledge(tags).await.expect("memory does not fail");

    assert_eq!(fill(&gateway).await.0, taken.len());
}

#[tokio::test(start_paused = true)]
async fn a_command_larger_than_the_limit_is_accepted_alone() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    assert_eq!(gateway.send(vec![command(1, 70 * MIB)]).await, Ok(()));
    assert!(gateway.send(vec![command(2, 1)]).await.is_err(), "the limit is used up");

    let taken = worker.take(1).await.expect("the bus is open");
    worker.acknowledge(taken.iter().map(|it| it.tag).collect()).await.expect("it is there");

    assert_eq!(gateway.send(vec![command(2, 1)]).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn commands_that_wait_for_room_are_queued_in_the_order_of_their_calls() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    let first = gateway.send(vec![command(1, 70 * MIB)]);
    let second = gateway.send(vec![command(2, 1)]);
    drop(gateway.send(vec![command(3, 1)]));

    let taken = worker.take(1).await.expect("the bus is open");
    worker.acknowledge(taken.iter().map(|it| it.tag).collect()).await.expect("it is there");
    let fourth = gateway.send(vec![command(4, 1)]);

    assert_eq!((fourth.await, second.await, first.await), (Ok(()), Ok(()), Ok(())));
    let taken = worker.take(10).await.expect("the bus is open");
    let numbers = taken.iter().flat_map(|it| &it.commands).map(|it| it.message);
    assert!(numbers.eq([2, 3, 4].map(|number| MessageId(uuid(number)))));
}

#[tokio::test(start_paused = true)]
async fn a_refused_command_is_not_queued_when_there_is_room_again() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    assert_eq!(gateway.send(vec![command(1, 70 * MIB)]).await, Ok(()));
    assert!(gateway.send(vec![command(2, 1)]).await.is_err(), "the limit is used up");

    let taken = worker.take(1).await.expect("the bus is open");
    worker.acknowledge(taken.iter().map(|it| it.tag).collect()).await.expect("it is there");

    assert!(timeout(Duration::from_secs(1), worker.take(1)).await.is_err(), "the queue is empty");
}

#[tokio::test(start_paused = true)]
async fn the_commands_that_wait_for_room_are_bounded() {
    let gateway = MemoryBus::new().gateway();
    assert_eq!(gateway.send(vec![command(1, 70 * MIB)]).await, Ok(()));
    let waiting: Vec<_> =
        (0..10_000).map(|number| gateway.send(vec![command(number, 1)])).collect();
    let refused = waiting.into_iter().filter_map(FutureExt::now_or_never);
    assert!(refused.filter(|it| matches!(it, Err(SendError::Refused(_)))).count() > 9_000);
}

#[tokio::test]
async fn announcements_beyond_the_byte_limit_drop_the_oldest_and_interrupt_the_gateway() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    gateway.subscribe(Slot(1)).await.expect("memory does not fail");
    for number in 1..=100 {
        worker
            .publish(vec![announcement(number, MIB)], Vec::new())
            .await
            .expect("memory does not fail");
    }

    let first = gateway.next().await;
    assert!(matches!(first, Some(Incoming::Interrupted)), "{first:?}");
    for number in 38..=100 {
        let incoming = gateway.next().await;
        let Some(Incoming::Announcement(it)) = incoming else { panic!("{incoming:?}") };
        assert!(it.events.iter().map(|it| it.event.seq).eq([Seq(number)]));
    }
}

#[tokio::test]
async fn messages_beyond_the_limit_drop_the_oldest_and_interrupt_the_gateway() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    gateway.send(vec![command(1, 1)]).await.expect("there is room");
    let outcome = |number| command(number, 1).with_outcome(None);
    for number in 1..=5_000 {
        worker.publish(Vec::new(), vec![outcome(number)]).await.expect("memory does not fail");
    }

    let first = gateway.next().await;
    assert!(matches!(first, Some(Incoming::Interrupted)), "{first:?}");
    let incoming = gateway.next().await;
    let Some(Incoming::Outcomes(outcomes)) = incoming else { panic!("{incoming:?}") };
    let oldest: Vec<OutcomeEnvelope> = vec![outcome(5_000 - 4_095)];
    assert_eq!(outcomes, oldest);
}

#[tokio::test]
async fn an_announcement_larger_than_the_limit_is_received_alone() {
    let bus = MemoryBus::new();
    let (gateway, worker) = (bus.gateway(), bus.worker());
    gateway.subscribe(Slot(1)).await.expect("memory does not fail");
    worker
        .publish(vec![announcement(1, 70 * MIB)], Vec::new())
        .await
        .expect("memory does not fail");
    assert!(matches!(gateway.next().await, Some(Incoming::Announcement(_))));
}

#[tokio::test]
async fn a_dropped_gateway_is_removed_from_the_subscribers() {
    let bus = MemoryBus::new();
    let worker = bus.worker();
    drop(bus.gateway());
    worker.publish(Vec::new(), Vec::new()).await.expect("memory does not fail");
    assert_eq!(bus.state.subscriber_count(), 0);
}
