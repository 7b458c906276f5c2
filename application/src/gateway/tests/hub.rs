//! News that is missed, comes in heaps, or contradicts what was known.

use std::sync::atomic::{AtomicU32, Ordering};

use sockbit_domain::{Event, EventId};
use tokio::time::Instant;

use super::*;
use crate::envelope::{Announced, Announcement};
use crate::testing::{board_id, position, renamed};
use crate::trace::TraceId;

const BOARD: u64 = 1;

fn news(numbers: impl IntoIterator<Item = u64>) -> News {
    let announced = |seq| Announced { trace: TraceId::default(), event: renamed(BOARD, seq) };
    News::Announced(Announcement {
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
    let house = Surroundings::answering(|question| match question {
        Question::Events { after, .. } => Ok(Answer::Events(log(after.0, 4))),
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
    let house = Surroundings::answering(move |question| match question {
        Question::Events { after, .. } => match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => Err(no_bus()),
            1 => Ok(Answer::Unavailable),
            2 => Ok(Answer::Events(Vec::new())),
            3 => Ok(Answer::Events(log(2, 4))),
            _ => Ok(Answer::Events(log(after.0, 4))),
        },
        _ => admitted(position(1)),
    })
    .house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    let begin = Instant::now();
    house.tell(news([4]));
    assert_eq!(events_until(&mut client, 4).await, [2, 3, 4]);
    assert_eq!(begin.elapsed().as_millis(), 2_000, "with a pause before each further attempt");
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
    let house = Surroundings::answering(|question| match question {
        Question::Events { after, .. } => Ok(Answer::Events(log(after.0, 1_000))),
        _ => admitted(position(1)),
    })
    .house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(news(900..=1_000));
    assert_eq!(events_until(&mut client, 1_000).await, (2..=1_000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn heads_are_compared_every_ten_seconds_and_at_once_in_doubt() {
    let (asked, mut times) = mpsc::unbounded_channel();
    let house = Surroundings::answering(move |question| match question {
        Question::Heads { boards } => {
            asked.send(Instant::now()).ok();
            Ok(Answer::Heads(boards.into_iter().map(|it| (it, position(1))).collect()))
        }
        _ => admitted(position(1)),
    })
    .house();
    let begin = Instant::now();
    let _client = live_client(&house).await;
    let mut next = async || times.recv().await.map(|it| (it - begin).as_secs());
    assert_eq!(next().await, Some(10));
    house.tell(News::Interrupted);
    assert_eq!(next().await, Some(10));
    assert_eq!(next().await, Some(20));
}

#[tokio::test(start_paused = true)]
async fn a_head_with_another_id_sends_the_clients_of_its_board_away() {
    let other = Position { event: EventId(uuid(0xbad)), ..position(2) };
    let house = Surroundings::answering(move |question| match question {
        Question::Heads { boards } => {
            Ok(Answer::Heads(boards.into_iter().map(|it| (it, other)).collect()))
        }
        _ => admitted(position(1)),
    })
    .house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(news([2]));
    assert_eq!(events_until(&mut client, 2).await, [2]);
    house.tell(News::Interrupted);
    assert_eq!(client.closing().await, CloseReason::HistoryChanged);
}

#[tokio::test(start_paused = true)]
async fn heads_that_cannot_be_compared_send_nobody_away() {
    let house = Surroundings::answering(|question| match question {
        Question::Heads { .. } => Err(no_bus()),
        _ => admitted(position(1)),
    })
    .house();
    let mut client = live_client(&house).await;
    settle(&client).await;
    house.tell(News::Interrupted);
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
