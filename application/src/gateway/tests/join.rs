//! Joins while ports fail, and while the client leaves or joins again.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use sockbit_domain::{Event, Rejection, RejectionCode};
use tokio::sync::Semaphore;

use super::*;
use crate::bus_messages::{AdmissionQuery, AnnouncedEvent, Announcement, EventsQuery};
use crate::test_fixtures::{board_id, position, renamed};
use crate::trace_id::TraceId;

const BOARD: u64 = 1;

fn again() -> ServerMessage {
    ServerMessage::Again { id: None, board: Some(board_id(BOARD)), after_ms: 1_000 }
}

fn joined(head: u64) -> ServerMessage {
    ServerMessage::Joined { board: board_id(BOARD), role: Role::Owner, head: position(head) }
}

fn left() -> ServerMessage {
    ServerMessage::Left { board: board_id(BOARD), rejection: None }
}

fn events(numbers: std::ops::RangeInclusive<u64>) -> Vec<Event> {
    numbers.map(|seq| renamed(BOARD, seq)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_join_gets_again_if_the_slot_cannot_be_subscribed() {
    let mut builder = FixtureBuilder::replying(|_| admitted(position(1)));
    builder.subscribe = Box::new(|_| Box::pin(std::future::ready(Err(no_bus()))));
    let fixture = builder.start();
    let mut client = fixture.client(1);
    client.send(join(board_id(BOARD), Some(position(1)))).await;
    client.receive_welcome().await;
    assert_eq!(client.receive().await, again());
}

#[tokio::test]
async fn a_join_gets_again_if_there_is_no_admission() {
    for reply in [Err(no_bus()), Ok(CoreReply::Unavailable), Ok(CoreReply::Events(Vec::new()))] {
        let fixture = FixtureBuilder::replying(move |_| reply.clone()).start();
        let mut client = fixture.client(1);
        client.send(join(board_id(BOARD), None)).await;
        client.receive_welcome().await;
        assert_eq!(client.receive().await, again());
    }
}

#[tokio::test]
async fn a_rejected_join_has_a_reason_and_does_not_count() {
    let rejection = Rejection::new(RejectionCode::NotFound, "not a member");
    let expected = rejection.clone();
    let mut builder = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Admission(AdmissionQuery { board, .. }) if board == board_id(BOARD) => {
            Ok(CoreReply::Admission(Err(rejection.clone())))
        }
        _ => admitted(position(1)),
    });
    builder.settings.boards_per_connection_max = 1;
    let fixture = builder.start();
    let mut client = fixture.client(1);
    client.send(join(board_id(BOARD), None)).await;
    client.send(join(board_id(2), Some(position(1)))).await;
    client.receive_welcome().await;
    let rejected = ServerMessage::Left { board: board_id(BOARD), rejection: Some(expected) };
    assert_eq!(client.receive().await, rejected);
    assert!(matches!(client.receive().await, ServerMessage::Joined { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_failed_page_fetch_is_retried_until_it_succeeds() {
    let attempts = AtomicU32::new(0);
    let fixture = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Events(_) if attempts.fetch_add(1, Ordering::Relaxed) < 3 => Err(no_bus()),
        CoreQuery::Events(_) => Ok(CoreReply::Events(events(2..=4))),
        _ => admitted(position(4)),
    })
    .start();
    let mut client = fixture.client(1);
    client.send(join(board_id(BOARD), Some(position(1)))).await;
    client.receive_welcome().await;
    assert_eq!(client.receive().await, joined(4));
    for seq in 2..=4 {
        assert_eq!(event_number(&client.receive().await), Some(seq));
    }
}

#[tokio::test]
async fn a_log_without_the_missing_events_is_another_history() {
    for reply in [CoreReply::Events(Vec::new()), CoreReply::HistoryDiverged] {
        let fixture = FixtureBuilder::replying(move |query| match query {
            CoreQuery::Events(_) => Ok(reply.clone()),
            _ => admitted(position(4)),
        })
        .start();
        let mut client = fixture.client(1);
        client.send(join(board_id(BOARD), Some(position(1)))).await;
        client.receive_welcome().await;
        assert_eq!(client.receive().await, joined(4));
        assert_eq!(client.close_reason().await, CloseReason::HistoryChanged);
    }
}

/// A fixture in which each page takes a permit of the gate.
fn fixture_with_gate(head: u64) -> (GatewayFixture, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&gate);
    let mut builder = FixtureBuilder::replying(|_| Err(no_bus()));
    builder.queries = ScriptedQueries(Box::new(move |query| {
        let permits = Arc::clone(&permits);
        Box::pin(async move {
            let CoreQuery::Events(EventsQuery { after, .. }) = query else {
                return admitted(position(head));
            };
            permits.acquire().await.map_err(|_| no_bus())?.forget();
            Ok(CoreReply::Events(events(after.0 + 1..=head)))
        })
    }));
    (builder.start(), gate)
}

/// A client that joined at event 1 and misses the events after it.
async fn client_behind(fixture: &GatewayFixture, head: u64) -> TestClient {
    let mut client = fixture.client(1);
    client.send(join(board_id(BOARD), Some(position(1)))).await;
    client.receive_welcome().await;
    assert_eq!(client.receive().await, joined(head));
    client
}

#[tokio::test]
async fn a_second_join_during_a_page_fetch_gets_joined_before_the_events() {
    let (fixture, gate) = fixture_with_gate(3);
    let mut client = client_behind(&fixture, 3).await;
    let session = Arc::clone(&client.session);
    let fetching = tokio::spawn(async move { session.next().await });
    tokio::task::yield_now().await;

    client.send(join(board_id(BOARD), Some(position(1)))).await;
    gate.add_permits(10);

    let TransportOutput::Messages(messages) = fetching.await.expect("it does not panic") else {
        panic!("the session was closed")
    };
    client.received.extend(messages);
    assert_eq!(client.receive().await, joined(3));
    assert_eq!(event_number(&client.receive().await), Some(2));
    assert_eq!(event_number(&client.receive().await), Some(3));
}

#[tokio::test]
async fn a_second_join_at_another_position_discards_the_fetched_page() {
    let (fixture, gate) = fixture_with_gate(3);
    let mut client = client_behind(&fixture, 3).await;
    let session = Arc::clone(&client.session);
    let fetching = tokio::spawn(async move { session.next().await });
    tokio::task::yield_now().await;

    client.send(join(board_id(BOARD), Some(position(2)))).await;
    gate.add_permits(10);

    let TransportOutput::Messages(messages) = fetching.await.expect("it does not panic") else {
        panic!("the session was closed")
    };
    client.received.extend(messages);
    assert_eq!(client.receive().await, joined(3));
    assert_eq!(event_number(&client.receive().await), Some(3));
}

#[tokio::test]
async fn a_slow_page_fetch_delays_no_reply_and_is_not_repeated() {
    let (fixture, gate) = fixture_with_gate(3);
    let mut client = client_behind(&fixture, 3).await;
    for _ in 0..3 {
        let session = Arc::clone(&client.session);
        let mut next = Box::pin(session.next());
        assert!(futures::poll!(&mut next).is_pending(), "the page is being fetched");
        client.send(ClientMessage::Ping).await;
        let output = timeout(DEADLINE, next).await.expect("the reply comes first");
        let TransportOutput::Messages(messages) = output else { panic!("the session was closed") };
        assert!(messages.iter().map(decode).eq([ServerMessage::Pong {}]));
    }
    gate.add_permits(1);
    assert_eq!(event_number(&client.receive().await), Some(2), "the page of the first query");
    assert_eq!(event_number(&client.receive().await), Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_board_whose_log_cannot_be_read_does_not_delay_others() {
    let unreadable = board_id(BOARD);
    let fixture = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Events(EventsQuery { board, .. }) if board == unreadable => {
            Ok(CoreReply::Unavailable)
        }
        CoreQuery::Events(EventsQuery { board, .. }) => {
            Ok(CoreReply::Events(vec![Event { board, ..renamed(BOARD, 2) }]))
        }
        _ => admitted(position(2)),
    })
    .start();
    let mut client = fixture.client(1);
    for n in 1..=20 {
        client.send(join(board_id(n), Some(position(1)))).await;
    }
    let mut boards = std::collections::BTreeSet::new();
    while boards.len() < 19 {
        if let ServerMessage::Event { event } = client.receive().await {
            boards.insert(event.board);
        }
    }
    assert_eq!(boards, (2..=20).map(board_id).collect());
}

#[tokio::test(start_paused = true)]
async fn failed_page_fetches_are_delayed_even_if_other_messages_are_written() {
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    let fixture = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Events(_) => {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(CoreReply::Unavailable)
        }
        _ => admitted(position(2)),
    })
    .start();
    let mut client = client_behind(&fixture, 2).await;
    let start = tokio::time::Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        client.send(ClientMessage::Ping).await;
        assert_eq!(client.receive().await, ServerMessage::Pong {});
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    let attempts = attempts.load(Ordering::Relaxed);
    assert!((5..=12).contains(&attempts), "{attempts} in ten seconds");
}

/// A fixture in which each admission takes a permit of the gate.
fn fixture_with_admission_gate() -> (GatewayFixture, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let permits = Arc::clone(&gate);
    let mut builder = FixtureBuilder::replying(|_| Err(no_bus()));
    builder.queries = ScriptedQueries(Box::new(move |_| {
        let permits = Arc::clone(&permits);
        Box::pin(async move {
            permits.acquire().await.map_err(|_| no_bus())?.forget();
            admitted(position(1))
        })
    }));
    (builder.start(), gate)
}

#[tokio::test]
async fn commands_and_pings_do_not_wait_for_pending_requests() {
    let (fixture, _gate) = fixture_with_admission_gate();
    let mut client = fixture.client(1);
    client.receive_welcome().await;
    let session = Arc::clone(&client.session);
    let mut pipeline = session.pipeline();

    pipeline.receive(&json(&join(board_id(BOARD), Some(position(1))))).await;
    pipeline.receive(&json(&ClientMessage::Ping)).await;

    assert_eq!(client.receive().await, ServerMessage::Pong {});
    assert!(pipeline.complete_next().now_or_never().is_none(), "the join is pending");
}

#[tokio::test]
async fn a_leave_after_a_pending_join_gets_its_reply_second() {
    let (fixture, gate) = fixture_with_admission_gate();
    let mut client = fixture.client(1);
    client.receive_welcome().await;
    let session = Arc::clone(&client.session);
    let mut pipeline = session.pipeline();

    pipeline.receive(&json(&join(board_id(BOARD), Some(position(1))))).await;
    pipeline.receive(&json(&ClientMessage::Leave { board: board_id(BOARD) })).await;
    gate.add_permits(1);
    pipeline.complete_next().await;
    pipeline.complete_next().await;

    assert_eq!([client.receive().await, client.receive().await], [joined(1), left()]);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_with_too_many_pending_requests_is_full_until_one_completes() {
    let (fixture, gate) = fixture_with_admission_gate();
    let mut client = fixture.client(1);
    client.receive_welcome().await;
    let session = Arc::clone(&client.session);
    let mut pipeline = session.pipeline();
    let mut pending = 0;
    while !pipeline.is_full() {
        pipeline.receive(&json(&join(board_id(BOARD), Some(position(1))))).await;
        pending += 1;
        assert!(pending < 1_000, "the pipeline never fills up");
    }

    gate.add_permits(1);
    pipeline.complete_next().await;

    assert!(!pipeline.is_full());
}

#[tokio::test]
async fn events_during_a_pending_admission_are_sent_after_it() {
    let (fixture, gate) = fixture_with_admission_gate();
    let mut client = fixture.client(1);
    client.receive_welcome().await;
    let session = Arc::clone(&client.session);
    let message = json(&join(board_id(BOARD), Some(position(1))));
    let joining = tokio::spawn(async move { handle(&session, &message).await });
    tokio::task::yield_now().await;

    let announced =
        AnnouncedEvent { trace: TraceId::default(), follows: None, event: renamed(BOARD, 2) };
    let slot = Slot::of(board_id(BOARD));
    fixture.deliver(Incoming::Announcement(Announcement { slot, events: vec![announced] }));
    tokio::task::yield_now().await;
    gate.add_permits(1);

    joining.await.expect("it does not panic");
    assert_eq!(client.receive().await, joined(1));
    assert_eq!(event_number(&client.receive().await), Some(2));
}

#[tokio::test]
async fn a_leave_discards_the_page_that_is_being_fetched() {
    let (fixture, gate) = fixture_with_gate(3);
    let mut client = client_behind(&fixture, 3).await;
    let session = Arc::clone(&client.session);
    let fetching = tokio::spawn(async move { session.next().await });
    tokio::task::yield_now().await;

    client.send(ClientMessage::Leave { board: board_id(BOARD) }).await;
    gate.add_permits(10);

    let TransportOutput::Messages(messages) = fetching.await.expect("it does not panic") else {
        panic!("the session was closed")
    };
    client.received.extend(messages);
    assert_eq!(client.receive().await, left());
    client.send(ClientMessage::Ping).await;
    assert_eq!(client.receive().await, ServerMessage::Pong {});
}

#[tokio::test]
async fn a_session_closed_during_a_page_fetch_outputs_the_reason() {
    let (fixture, gate) = fixture_with_gate(3);
    let client = client_behind(&fixture, 3).await;
    let session = Arc::clone(&client.session);
    let fetching = tokio::spawn(async move { session.next().await });
    tokio::task::yield_now().await;

    fixture.gateway.drain().await;
    gate.add_permits(10);

    let output = fetching.await.expect("it does not panic");
    assert_eq!(output, TransportOutput::Close(CloseReason::GoingAway));
}

#[tokio::test(start_paused = true)]
async fn a_session_dropped_during_a_join_is_cleaned_up() {
    let mut builder = FixtureBuilder::replying(|_| Err(no_bus()));
    builder.queries = ScriptedQueries(Box::new(|_| Box::pin(std::future::pending())));
    let fixture = builder.start();
    let client = fixture.client(1);
    let mut joining = Box::pin(client.send(join(board_id(BOARD), None)));
    assert!(futures::poll!(&mut joining).is_pending());
    assert_eq!(locked(&fixture.slots).len(), 1, "the slot is subscribed");

    drop(joining);
    drop(client);

    assert_eq!(fixture.gateway.sessions(), 0);
    assert!(fixture.gateway.recipients.is_empty());
    tokio::time::sleep(fixture.gateway.settings.heads_every * 2).await;
    assert!(locked(&fixture.slots).is_empty(), "the slot is unsubscribed");
}
