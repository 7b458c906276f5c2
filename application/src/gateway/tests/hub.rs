//! Incoming that is missed, comes in heaps, or contradicts what was known.

use std::sync::atomic::{AtomicU32, Ordering};

use sockbit_domain::{Change, Event, EventId, Title};
use tokio::time::Instant;

use super::*;
use crate::envelope::{AnnouncedEvent, Announcement};
use crate::testing::{board_id, event, position, renamed};
use crate::trace::TraceId;

const BOARD: u64 = 1;

fn news(numbers: impl IntoIterator<Item = u64>) -> Incoming {
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

/// A client that has seen everything of a board, which stands at event 1.
async fn live_client(house: &House) -> Client {
    let mut client = house.client(1);
    client.say(join(board_id(BOARD), Some(position(1)))).await;
    client.hears_the_welcome().await;
    assert!(matches!(client.hear().await, ServerMessage::Joined { .. }));
    client
}

/// Reads until the event with this number, and says which came.
async fn events_until(client: &mut Client, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        numbers.extend(event_number(&client.hear().await));
    }
    numbers
}

/// Lets the client become live: reads on until nothing is to be done.
async fn settle(client: &Client) {
    let mut next = Box::pin(client.session.next());
    assert!(futures::poll!(&mut next).is_pending());
}

#[tokio::test]
async fn a_gap_is_filled_from_the_log() {
    let house = Surroundings::answering(|query| match query {
        CoreQuery::Events { after, .. } => Ok(CoreReply::Events(log(after.0, 4))),
        _ => admitted(position(1)),
    })
    .house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(news([5]));
    assert_eq!(events_until(&mut client, 5).await, [2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_gap_that_cannot_be_filled_yet_is_asked_for_until_it_is() {
    let attempts = AtomicU32::new(0);
    let house = Surroundings::answering(move |query| match query {
        CoreQuery::Events { after, .. } => match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => Err(no_bus()),
            1 => Ok(CoreReply::Unavailable),
            2 => Ok(CoreReply::Events(Vec::new())),
            3 => Ok(CoreReply::Events(log(2, 4))),
            _ => Ok(CoreReply::Events(log(after.0, 4))),
        },
        _ => admitted(position(1)),
    })
    .house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    let begin = Instant::now();
    house.tell(news([4]));
    assert_eq!(events_until(&mut client, 4).await, [2, 3, 4]);
    let waited = begin.elapsed().as_millis();
    assert!((2_750..=5_500).contains(&waited), "with growing pauses, {waited} ms");
}

#[tokio::test]
async fn a_heap_of_news_does_not_cut_a_client_that_reads() {
    let house = Surroundings::answering(|_| admitted(position(1))).house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(news(2..=1_000));
    assert_eq!(events_until(&mut client, 1_000).await, (2..=1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_heap_of_news_in_a_gap_does_not_cut_a_client_that_reads() {
    let house = Surroundings::answering(|query| match query {
        CoreQuery::Events { after, .. } => Ok(CoreReply::Events(log(after.0, 1_000))),
        _ => admitted(position(1)),
    })
    .house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(news(900..=1_000));
    assert_eq!(events_until(&mut client, 1_000).await, (2..=1_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn large_events_released_at_one_go_do_not_cut_a_client_that_reads() {
    let large = |seq| {
        let title = Title::stored("x".repeat(120 * 1024));
        event(BOARD, seq, Change::BoardRenamed { title })
    };
    let mut surroundings = Surroundings::answering(move |query| match query {
        CoreQuery::Events { after, .. } => Ok(CoreReply::Events(vec![large(after.0 + 1)])),
        _ => admitted(position(1)),
    });
    surroundings.settings.outgoing_bytes_max = 512 * 1024;
    surroundings.settings.feed_bytes_max = 4 * 1024 * 1024;
    let house = surroundings.house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    let announced =
        |seq| AnnouncedEvent { trace: TraceId::default(), follows: None, event: large(seq) };
    let slot = Slot::of(board_id(BOARD));
    let events = (3..=40).chain([2]).map(announced).collect();
    house.tell(Incoming::Announcement(Announcement { slot, events }));
    assert_eq!(events_until(&mut client, 40).await, (2..=40).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_gap_waits_for_a_slow_line_but_not_for_ever() {
    let house = Surroundings::answering(|query| match query {
        CoreQuery::Events { after, .. } => Ok(CoreReply::Events(log(after.0, after.0 + 100))),
        _ => admitted(position(1)),
    })
    .house();
    let mut quick = live_client(&house).await;
    let slow = live_client(&house).await;
    settle(&quick).await;
    settle(&slow).await;
    let begin = Instant::now();
    house.tell(news([1_001]));

    assert_eq!(events_until(&mut quick, 1_001).await, (2..=1_001).collect::<Vec<_>>());

    assert_eq!(begin.elapsed().as_millis(), 1_000, "once in the gap, and no longer");
    assert_eq!(slow.closing().await, CloseReason::TooSlow);
}

#[tokio::test(start_paused = true)]
async fn heads_are_compared_every_ten_seconds_and_at_once_in_doubt() {
    let (asked, mut times) = mpsc::unbounded_channel();
    let house = Surroundings::answering(move |query| match query {
        CoreQuery::Heads { boards } => {
            asked.send(Instant::now()).ok();
            Ok(CoreReply::Heads(boards.into_iter().map(|it| (it, position(1))).collect()))
        }
        _ => admitted(position(1)),
    })
    .house();
    let begin = Instant::now();
    let _client = live_client(&house).await;
    let mut next = async || times.recv().await.map(|it| (it - begin).as_secs());
    assert_eq!(next().await, Some(10));
    house.tell(Incoming::Interrupted);
    assert_eq!(next().await, Some(10));
    assert_eq!(next().await, Some(20));
}

/// When heads are asked for, in milliseconds from the beginning; the first so many questions fail.
fn house_that_compares(failures: u32) -> (House, mpsc::UnboundedReceiver<u128>) {
    let (asked, times) = mpsc::unbounded_channel();
    let (begin, count) = (Instant::now(), AtomicU32::new(0));
    let house = Surroundings::answering(move |query| match query {
        CoreQuery::Heads { boards } => {
            asked.send(begin.elapsed().as_millis()).ok();
            if count.fetch_add(1, Ordering::Relaxed) < failures {
                return Err(no_bus());
            }
            Ok(CoreReply::Heads(boards.into_iter().map(|it| (it, position(1))).collect()))
        }
        _ => admitted(position(1)),
    });
    (house.house(), times)
}

#[tokio::test(start_paused = true)]
async fn a_comparison_that_fails_is_made_again_within_two_seconds() {
    let (house, mut times) = house_that_compares(2);
    let _client = live_client(&house).await;
    let mut next = async || times.recv().await.expect("it goes on");
    assert_eq!(next().await, 10_000);
    let second = next().await;
    assert!((11_000..=12_000).contains(&second), "at {second}");
    let third = next().await;
    assert!((second + 1_000..=second + 2_000).contains(&third), "at {third}");
    assert_eq!(next().await, 20_000, "once it is made there is no hurry");
}

#[tokio::test(start_paused = true)]
async fn doubts_that_come_together_are_one_comparison() {
    let (house, mut times) = house_that_compares(0);
    let _client = live_client(&house).await;
    for _ in 0..100 {
        house.tell(Incoming::Interrupted);
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let first = times.try_recv().expect("heads were compared");
    assert!((250..=500).contains(&first), "at {first}");
    assert!(times.try_recv().is_err(), "once is enough");
}

#[tokio::test(start_paused = true)]
async fn doubt_every_second_leaves_the_beat_as_it_is() {
    let (house, mut times) = house_that_compares(0);
    let client = live_client(&house).await;
    drop(client);
    for _ in 0..21 {
        house.tell(Incoming::Interrupted);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(locked(&house.slots).is_empty(), "nobody looks any more");
    let asked = std::iter::from_fn(|| times.try_recv().ok()).count();
    assert!((9..=11).contains(&asked), "{asked} times, while the board was not forgotten yet");
}

#[tokio::test(start_paused = true)]
async fn many_boards_are_asked_for_in_several_questions() {
    let (house, mut times) = house_that_compares(1);
    for n in 1..=2_500 {
        let outgoing = Arc::new(house.gateway.limiter.outgoing(&house.gateway.settings));
        house.gateway.hub.open(board_id(n), 1, outgoing).await.expect("it hears");
    }
    for expected in [10, 10, 10, 11, 11, 11, 20] {
        assert_eq!(times.recv().await.map(|it| it / 1_000), Some(expected), "one of them failed");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_in_the_place_of_another_sends_the_clients_of_its_board_away() {
    let house = Surroundings::answering(|_| admitted(position(1))).house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(news([2]));
    assert_eq!(events_until(&mut client, 2).await, [2]);
    let event = Event { id: EventId(uuid(0xbad)), ..renamed(1, 2) };
    let events = vec![AnnouncedEvent { trace: TraceId::default(), follows: None, event }];
    house.tell(Incoming::Announcement(Announcement { slot: Slot::of(board_id(1)), events }));
    assert_eq!(client.closing().await, CloseReason::HistoryChanged);
}

#[tokio::test(start_paused = true)]
async fn an_event_after_another_than_the_last_one_sends_the_clients_of_its_board_away() {
    let house = Surroundings::answering(|_| admitted(position(1))).house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(news([2]));
    assert_eq!(events_until(&mut client, 2).await, [2]);
    // A backup was restored, and the event that stands in the place of the last one was lost.
    let follows = Some(EventId(uuid(0xbad)));
    let events = vec![AnnouncedEvent { trace: TraceId::default(), follows, event: renamed(1, 3) }];
    house.tell(Incoming::Announcement(Announcement { slot: Slot::of(board_id(1)), events }));
    assert_eq!(client.closing().await, CloseReason::HistoryChanged);
}

#[tokio::test(start_paused = true)]
async fn a_log_without_the_last_event_sends_the_clients_of_its_board_away() {
    let house = Surroundings::answering(|query| match query {
        CoreQuery::Events { after, id, .. } => {
            assert_eq!(Some(position(after.0).event), id, "it is asked for after that event");
            Ok(CoreReply::HistoryDiverged)
        }
        _ => admitted(position(1)),
    })
    .house();
    let client = live_client(&house).await;
    settle(&client).await;
    house.tell(news([5]));
    assert_eq!(client.closing().await, CloseReason::HistoryChanged);
}

#[tokio::test(start_paused = true)]
async fn a_head_with_another_id_sends_the_clients_of_its_board_away() {
    let other = Position { event: EventId(uuid(0xbad)), ..position(2) };
    let house = Surroundings::answering(move |query| match query {
        CoreQuery::Heads { boards } => {
            Ok(CoreReply::Heads(boards.into_iter().map(|it| (it, other)).collect()))
        }
        _ => admitted(position(1)),
    })
    .house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(news([2]));
    assert_eq!(events_until(&mut client, 2).await, [2]);
    house.tell(Incoming::Interrupted);
    assert_eq!(client.closing().await, CloseReason::HistoryChanged);
}

#[tokio::test(start_paused = true)]
async fn heads_that_cannot_be_compared_send_nobody_away() {
    let house = Surroundings::answering(|query| match query {
        CoreQuery::Heads { .. } => Err(no_bus()),
        _ => admitted(position(1)),
    })
    .house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(Incoming::Interrupted);
    tokio::time::sleep(Duration::from_secs(30)).await;
    house.tell(news([2]));
    assert_eq!(events_until(&mut client, 2).await, [2]);
}

#[tokio::test]
async fn a_gateway_ends_when_its_bus_is_closed() {
    let mut house = Surroundings::answering(|_| Err(no_bus())).house();
    (house.news, _) = mpsc::unbounded_channel();
    timeout(DEADLINE, &mut house.running).await.expect("it ends").expect("it does not panic");
}

#[tokio::test]
async fn many_who_come_back_one_after_the_other_cost_the_store_one_page() {
    let pages = Arc::new(AtomicU32::new(0));
    let asked = Arc::clone(&pages);
    let house = Surroundings::answering(move |query| match query {
        CoreQuery::Events { after, .. } => {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(CoreReply::Events(log(after.0, 51)))
        }
        _ => admitted(position(51)),
    })
    .house();
    for n in 1..=20 {
        let mut client = house.client(n);
        client.say(join(board_id(BOARD), Some(position(1)))).await;
        let seen = events_until(&mut client, 51).await;
        assert_eq!(seen, (2..=51).collect::<Vec<_>>());
    }
    assert_eq!(pages.load(Ordering::Relaxed), 1);
}
