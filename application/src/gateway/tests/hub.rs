//! Announcements that are missed, large, or of another history.

use std::sync::atomic::{AtomicU32, Ordering};

use sockbit_domain::{Change, Event, EventId, Title};
use tokio::time::Instant;

use super::*;
use crate::bus_messages::{AnnouncedEvent, Announcement, EventsQuery};
use crate::test_fixtures::{board_id, event, position, renamed};
use crate::trace_id::TraceId;

const BOARD: u64 = 1;

fn announcement(numbers: impl IntoIterator<Item = u64>) -> Incoming {
    let announced = |seq| AnnouncedEvent {
        trace: TraceId::default(),
        follows: None,
        event: renamed(BOARD, seq),
    };
    Incoming::Announcement(Announcement {
        slot: Slot::of(board_id(BOARD)),
        events: numbers.into_iter().map(announced).collect(),
    })
}

fn log(after: u64, head: u64) -> Vec<Event> {
    (after + 1..=head).map(|seq| renamed(BOARD, seq)).collect()
}

/// A client that has joined a board at its head, event 1.
async fn live_client(fixture: &GatewayFixture) -> TestClient {
    live_client_of_person(fixture, 1).await
}

async fn live_client_of_person(fixture: &GatewayFixture, n: u64) -> TestClient {
    let mut client = fixture.client(n);
    client.send(join(board_id(BOARD), Some(position(1)))).await;
    client.receive_welcome().await;
    assert!(matches!(client.receive().await, ServerMessage::Joined { .. }));
    client
}

/// Reads until the event with this number. Returns the numbers of all events read.
async fn events_until(client: &mut TestClient, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        numbers.extend(event_number(&client.receive().await));
    }
    numbers
}

/// Lets the client catch up, until it has nothing to write.
async fn become_live(client: &TestClient) {
    let mut next = Box::pin(client.session.next());
    assert!(futures::poll!(&mut next).is_pending());
}

#[tokio::test]
async fn a_gap_is_filled_from_the_log() {
    let fixture = FixtureBuilder::replying(|query| match query {
        CoreQuery::Events(EventsQuery { after, .. }) => Ok(CoreReply::Events(log(after.0, 4))),
        _ => admitted(position(1)),
    })
    .start();
    let mut client = live_client(&fixture).await;
    become_live(&client).await;
    fixture.deliver(announcement([5]));
    assert_eq!(events_until(&mut client, 5).await, [2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_gap_whose_query_fails_is_retried_until_it_is_filled() {
    let attempts = AtomicU32::new(0);
    let fixture = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Events(EventsQuery { after, .. }) => {
            match attempts.fetch_add(1, Ordering::Relaxed) {
                0 => Err(no_bus()),
                1 => Ok(CoreReply::Unavailable),
                2 => Ok(CoreReply::Events(Vec::new())),
                3 => Ok(CoreReply::Events(log(2, 4))),
                _ => Ok(CoreReply::Events(log(after.0, 4))),
            }
        }
        _ => admitted(position(1)),
    })
    .start();
    let mut client = live_client(&fixture).await;
    become_live(&client).await;
    let start = Instant::now();
    fixture.deliver(announcement([4]));
    assert_eq!(events_until(&mut client, 4).await, [2, 3, 4]);
    let waited = start.elapsed().as_millis();
    assert!((2_750..=5_500).contains(&waited), "with growing delays, {waited} ms");
}

#[tokio::test]
async fn a_large_announcement_does_not_close_a_client_that_reads() {
    let fixture = FixtureBuilder::replying(|_| admitted(position(1))).start();
    let mut client = live_client(&fixture).await;
    become_live(&client).await;
    fixture.deliver(announcement(2..=1_000));
    assert_eq!(events_until(&mut client, 1_000).await, (2..=1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_announcement_reaches_all_members_of_a_large_board() {
    let fixture = FixtureBuilder::replying(|_| admitted(position(1))).start();
    let mut clients = Vec::new();
    for n in 0..200 {
        clients.push(live_client_of_person(&fixture, n).await);
    }
    for client in &clients {
        become_live(client).await;
    }
    fixture.deliver(announcement(2..=300));
    let received = clients.iter_mut().map(|client| events_until(client, 300));
    for events in futures::future::join_all(received).await {
        assert_eq!(events, (2..=300).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn large_events_after_a_filled_gap_do_not_close_a_client_that_reads() {
    let large = |seq| {
        let title = Title::stored("x".repeat(120 * 1024));
        event(BOARD, seq, Change::BoardRenamed { title })
    };
    let mut builder = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Events(EventsQuery { after, .. }) => {
            Ok(CoreReply::Events(vec![large(after.0 + 1)]))
        }
        _ => admitted(position(1)),
    });
    builder.settings.outgoing_bytes_max = 512 * 1024;
    builder.settings.feed_bytes_max = 4 * 1024 * 1024;
    let fixture = builder.start();
    let mut client = live_client(&fixture).await;
    become_live(&client).await;
    let announced =
        |seq| AnnouncedEvent { trace: TraceId::default(), follows: None, event: large(seq) };
    let slot = Slot::of(board_id(BOARD));
    let events = (3..=40).chain([2]).map(announced).collect();
    fixture.deliver(Incoming::Announcement(Announcement { slot, events }));
    assert_eq!(events_until(&mut client, 40).await, (2..=40).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_gap_waits_for_a_slow_client_for_a_limited_time() {
    let fixture = FixtureBuilder::replying(|query| match query {
        CoreQuery::Events(EventsQuery { after, .. }) => {
            Ok(CoreReply::Events(log(after.0, after.0 + 100)))
        }
        _ => admitted(position(1)),
    })
    .start();
    let mut fast = live_client(&fixture).await;
    let slow = live_client(&fixture).await;
    become_live(&fast).await;
    become_live(&slow).await;
    let start = Instant::now();
    fixture.deliver(announcement([1_001]));

    assert_eq!(events_until(&mut fast, 1_001).await, (2..=1_001).collect::<Vec<_>>());

    assert_eq!(start.elapsed().as_millis(), 1_000, "the limit of one gap");
    assert_eq!(slow.close_reason().await, CloseReason::TooSlow);
}

#[tokio::test(start_paused = true)]
async fn heads_are_compared_every_ten_seconds_and_after_an_interruption() {
    let (sender, mut times) = mpsc::unbounded_channel();
    let fixture = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Heads { boards } => {
            sender.send(Instant::now()).ok();
            Ok(CoreReply::Heads(boards.into_iter().map(|it| (it, position(1))).collect()))
        }
        _ => admitted(position(1)),
    })
    .start();
    let start = Instant::now();
    let _client = live_client(&fixture).await;
    let mut next = async || times.recv().await.map(|it| (it - start).as_secs());
    assert_eq!(next().await, Some(10));
    fixture.deliver(Incoming::Interrupted);
    assert_eq!(next().await, Some(10));
    assert_eq!(next().await, Some(20));
}

/// A fixture and the times of its head queries, in milliseconds. The first so many queries fail.
fn fixture_with_head_queries(failures: u32) -> (GatewayFixture, mpsc::UnboundedReceiver<u128>) {
    let (sender, times) = mpsc::unbounded_channel();
    let (start, count) = (Instant::now(), AtomicU32::new(0));
    let fixture = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Heads { boards } => {
            sender.send(start.elapsed().as_millis()).ok();
            if count.fetch_add(1, Ordering::Relaxed) < failures {
                return Err(no_bus());
            }
            Ok(CoreReply::Heads(boards.into_iter().map(|it| (it, position(1))).collect()))
        }
        _ => admitted(position(1)),
    });
    (fixture.start(), times)
}

#[tokio::test(start_paused = true)]
async fn a_failed_comparison_is_repeated_within_two_seconds() {
    let (fixture, mut times) = fixture_with_head_queries(2);
    let _client = live_client(&fixture).await;
    let mut next = async || times.recv().await.expect("the gateway runs");
    assert_eq!(next().await, 10_000);
    let second = next().await;
    assert!((11_000..=12_000).contains(&second), "at {second}");
    let third = next().await;
    assert!((second + 1_000..=second + 2_000).contains(&third), "at {third}");
    assert_eq!(next().await, 20_000, "after a success the interval applies");
}

#[tokio::test(start_paused = true)]
async fn concurrent_requests_share_one_comparison() {
    let (fixture, mut times) = fixture_with_head_queries(0);
    let _client = live_client(&fixture).await;
    for _ in 0..100 {
        fixture.deliver(Incoming::Interrupted);
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let first = times.try_recv().expect("heads were compared");
    assert!((250..=500).contains(&first), "at {first}");
    assert!(times.try_recv().is_err(), "one comparison is enough");
}

#[tokio::test(start_paused = true)]
async fn a_request_every_second_does_not_delay_the_interval() {
    let (fixture, mut times) = fixture_with_head_queries(0);
    let client = live_client(&fixture).await;
    drop(client);
    for _ in 0..21 {
        fixture.deliver(Incoming::Interrupted);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(locked(&fixture.slots).is_empty(), "no client has joined");
    let comparisons = std::iter::from_fn(|| times.try_recv().ok()).count();
    assert!(
        (9..=11).contains(&comparisons),
        "{comparisons} comparisons before the feed was removed"
    );
}

#[tokio::test(start_paused = true)]
async fn the_heads_of_many_boards_are_read_in_several_queries() {
    let (fixture, mut times) = fixture_with_head_queries(1);
    for n in 1..=2_500 {
        let outgoing = fixture.gateway.new_outgoing_queue();
        fixture.gateway.hub.join(board_id(n), 1, outgoing).await.expect("the slot is subscribed");
    }
    for expected in [10, 10, 10, 11, 11, 11, 20] {
        assert_eq!(
            times.recv().await.map(|it| it / 1_000),
            Some(expected),
            "the queries of one comparison"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn another_event_with_a_known_number_closes_the_sessions_of_its_board() {
    let fixture = FixtureBuilder::replying(|_| admitted(position(1))).start();
    let mut client = live_client(&fixture).await;
    become_live(&client).await;
    fixture.deliver(announcement([2]));
    assert_eq!(events_until(&mut client, 2).await, [2]);
    let event = Event { id: EventId(uuid(0xbad)), ..renamed(1, 2) };
    let events = vec![AnnouncedEvent { trace: TraceId::default(), follows: None, event }];
    fixture.deliver(Incoming::Announcement(Announcement { slot: Slot::of(board_id(1)), events }));
    assert_eq!(client.close_reason().await, CloseReason::HistoryChanged);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_does_not_follow_the_last_one_closes_the_sessions_of_its_board() {
    let fixture = FixtureBuilder::replying(|_| admitted(position(1))).start();
    let mut client = live_client(&fixture).await;
    become_live(&client).await;
    fixture.deliver(announcement([2]));
    assert_eq!(events_until(&mut client, 2).await, [2]);
    // After a restored backup; the event that replaced the last one was lost.
    let follows = Some(EventId(uuid(0xbad)));
    let events = vec![AnnouncedEvent { trace: TraceId::default(), follows, event: renamed(1, 3) }];
    fixture.deliver(Incoming::Announcement(Announcement { slot: Slot::of(board_id(1)), events }));
    assert_eq!(client.close_reason().await, CloseReason::HistoryChanged);
}

#[tokio::test(start_paused = true)]
async fn a_log_without_the_last_event_closes_the_sessions_of_its_board() {
    let fixture = FixtureBuilder::replying(|query| match query {
        CoreQuery::Events(EventsQuery { after, id, .. }) => {
            assert_eq!(Some(position(after.0).event), id, "the query names the last event");
            Ok(CoreReply::HistoryDiverged)
        }
        _ => admitted(position(1)),
    })
    .start();
    let client = live_client(&fixture).await;
    become_live(&client).await;
    fixture.deliver(announcement([5]));
    assert_eq!(client.close_reason().await, CloseReason::HistoryChanged);
}

#[tokio::test(start_paused = true)]
async fn a_head_with_another_id_closes_the_sessions_of_its_board() {
    let other = Position { event: EventId(uuid(0xbad)), ..position(2) };
    let fixture = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Heads { boards } => {
            Ok(CoreReply::Heads(boards.into_iter().map(|it| (it, other)).collect()))
        }
        _ => admitted(position(1)),
    })
    .start();
    let mut client = live_client(&fixture).await;
    become_live(&client).await;
    fixture.deliver(announcement([2]));
    assert_eq!(events_until(&mut client, 2).await, [2]);
    fixture.deliver(Incoming::Interrupted);
    assert_eq!(client.close_reason().await, CloseReason::HistoryChanged);
}

#[tokio::test(start_paused = true)]
async fn a_failed_comparison_closes_no_session() {
    let fixture = FixtureBuilder::replying(|query| match query {
        CoreQuery::Heads { .. } => Err(no_bus()),
        _ => admitted(position(1)),
    })
    .start();
    let mut client = live_client(&fixture).await;
    become_live(&client).await;
    fixture.deliver(Incoming::Interrupted);
    tokio::time::sleep(Duration::from_secs(30)).await;
    fixture.deliver(announcement([2]));
    assert_eq!(events_until(&mut client, 2).await, [2]);
}

#[tokio::test]
async fn a_gateway_stops_when_its_bus_is_closed() {
    let mut fixture = FixtureBuilder::replying(|_| Err(no_bus())).start();
    (fixture.incoming, _) = mpsc::unbounded_channel();
    timeout(DEADLINE, &mut fixture.running).await.expect("it stops").expect("it does not panic");
}

#[tokio::test]
async fn clients_that_resume_one_after_the_other_share_one_page() {
    let pages = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&pages);
    let fixture = FixtureBuilder::replying(move |query| match query {
        CoreQuery::Events(EventsQuery { after, .. }) => {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(CoreReply::Events(log(after.0, 51)))
        }
        _ => admitted(position(51)),
    })
    .start();
    for n in 1..=20 {
        let mut client = fixture.client(n);
        client.send(join(board_id(BOARD), Some(position(1)))).await;
        let seen = events_until(&mut client, 51).await;
        assert_eq!(seen, (2..=51).collect::<Vec<_>>());
    }
    assert_eq!(pages.load(Ordering::Relaxed), 1);
}
