//! Joining while ports fail, and while the client changes its mind.

use std::sync::atomic::{AtomicU32, Ordering};

use futures::FutureExt;
use sockbit_domain::{Event, Rejection, RejectionCode};
use tokio::sync::Semaphore;

use super::*;
use crate::envelope::{AnnouncedEvent, Announcement};
use crate::testing::{board_id, position, renamed};
use crate::trace::TraceId;

const BOARD: u64 = 1;

fn come_again() -> ServerMessage {
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
async fn who_joins_hears_again_where_the_gateway_cannot_listen() {
    let mut surroundings = Surroundings::answering(|_| admitted(position(1)));
    surroundings.listening = Box::new(|_| Box::pin(std::future::ready(Err(no_bus()))));
    let house = surroundings.house();
    let mut client = house.client(1);
    client.say(join(board_id(BOARD), Some(position(1)))).await;
    client.hears_the_welcome().await;
    assert_eq!(client.hear().await, come_again());
}

#[tokio::test]
async fn who_joins_hears_again_where_nobody_can_say_whether_they_may() {
    for answer in [Err(no_bus()), Ok(CoreReply::Unavailable), Ok(CoreReply::Events(Vec::new()))] {
        let house = Surroundings::answering(move |_| answer.clone()).house();
        let mut client = house.client(1);
        client.say(join(board_id(BOARD), None)).await;
        client.hears_the_welcome().await;
        assert_eq!(client.hear().await, come_again());
    }
}

#[tokio::test]
async fn who_may_not_join_is_told_why_and_can_join_another_board() {
    let rejection = Rejection::new(RejectionCode::NotFound, "not for you");
    let told = rejection.clone();
    let mut surroundings = Surroundings::answering(move |query| match query {
        CoreQuery::Admission { board, .. } if board == board_id(BOARD) => {
            Ok(CoreReply::Admission(Err(rejection.clone())))
        }
        _ => admitted(position(1)),
    });
    surroundings.settings.boards_per_connection_max = 1;
    let house = surroundings.house();
    let mut client = house.client(1);
    client.say(join(board_id(BOARD), None)).await;
    client.say(join(board_id(2), Some(position(1)))).await;
    client.hears_the_welcome().await;
    let rejected = ServerMessage::Left { board: board_id(BOARD), rejection: Some(told) };
    assert_eq!(client.hear().await, rejected);
    assert!(matches!(client.hear().await, ServerMessage::Joined { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_cannot_be_fetched_is_asked_for_until_it_comes() {
    let attempts = AtomicU32::new(0);
    let house = Surroundings::answering(move |query| match query {
        CoreQuery::Events { .. } if attempts.fetch_add(1, Ordering::Relaxed) < 3 => Err(no_bus()),
        CoreQuery::Events { .. } => Ok(CoreReply::Events(events(2..=4))),
        _ => admitted(position(4)),
    })
    .house();
    let mut client = house.client(1);
    client.say(join(board_id(BOARD), Some(position(1)))).await;
    client.hears_the_welcome().await;
    assert_eq!(client.hear().await, joined(4));
    for seq in 2..=4 {
        assert_eq!(event_number(&client.hear().await), Some(seq));
    }
}

#[tokio::test]
async fn a_log_without_the_events_that_are_missing_is_another_history() {
    for answer in [CoreReply::Events(Vec::new()), CoreReply::HistoryDiverged] {
        let house = Surroundings::answering(move |query| match query {
            CoreQuery::Events { .. } => Ok(answer.clone()),
            _ => admitted(position(4)),
        })
        .house();
        let mut client = house.client(1);
        client.say(join(board_id(BOARD), Some(position(1)))).await;
        client.hears_the_welcome().await;
        assert_eq!(client.hear().await, joined(4));
        assert_eq!(client.closing().await, CloseReason::HistoryChanged);
    }
}

/// A house whose pages come only once the gate is opened, and its gate.
fn house_with_gate(head: u64) -> (House, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let opens = Arc::clone(&gate);
    let mut surroundings = Surroundings::answering(|_| Err(no_bus()));
    surroundings.queries = ScriptedQueries(Box::new(move |query| {
        let opens = Arc::clone(&opens);
        Box::pin(async move {
            let CoreQuery::Events { after, .. } = query else { return admitted(position(head)) };
            opens.acquire().await.map_err(|_| no_bus())?.forget();
            Ok(CoreReply::Events(events(after.0 + 1..=head)))
        })
    }));
    (surroundings.house(), gate)
}

/// A client that joined at event 1 and waits for the page of what it misses.
async fn waiting_for_a_page(house: &House, head: u64) -> Client {
    let mut client = house.client(1);
    client.say(join(board_id(BOARD), Some(position(1)))).await;
    client.hears_the_welcome().await;
    assert_eq!(client.hear().await, joined(head));
    client
}

#[tokio::test]
async fn who_joins_anew_while_a_page_is_fetched_hears_so_before_the_events() {
    let (house, gate) = house_with_gate(3);
    let mut client = waiting_for_a_page(&house, 3).await;
    let session = Arc::clone(&client.session);
    let fetching = tokio::spawn(async move { session.next().await });
    tokio::task::yield_now().await;

    client.say(join(board_id(BOARD), Some(position(1)))).await;
    gate.add_permits(10);

    let SessionOutput::Messages(messages) = fetching.await.expect("it does not panic") else {
        panic!("the session goes on")
    };
    client.heard.extend(messages);
    assert_eq!(client.hear().await, joined(3));
    assert_eq!(event_number(&client.hear().await), Some(2));
    assert_eq!(event_number(&client.hear().await), Some(3));
}

#[tokio::test]
async fn who_joins_anew_from_elsewhere_while_a_page_is_fetched_is_not_sent_it() {
    let (house, gate) = house_with_gate(3);
    let mut client = waiting_for_a_page(&house, 3).await;
    let session = Arc::clone(&client.session);
    let fetching = tokio::spawn(async move { session.next().await });
    tokio::task::yield_now().await;

    client.say(join(board_id(BOARD), Some(position(2)))).await;
    gate.add_permits(10);

    let SessionOutput::Messages(messages) = fetching.await.expect("it does not panic") else {
        panic!("the session goes on")
    };
    client.heard.extend(messages);
    assert_eq!(client.hear().await, joined(3));
    assert_eq!(event_number(&client.hear().await), Some(3));
}

#[tokio::test]
async fn a_page_that_is_long_in_coming_holds_up_no_answer_and_comes_once() {
    let (house, gate) = house_with_gate(3);
    let mut client = waiting_for_a_page(&house, 3).await;
    for _ in 0..3 {
        let session = Arc::clone(&client.session);
        let mut waiting = Box::pin(session.next());
        assert!(futures::poll!(&mut waiting).is_pending(), "the page is asked for");
        client.say(ClientMessage::Ping).await;
        let delivered = timeout(DEADLINE, waiting).await.expect("the answer comes first");
        let SessionOutput::Messages(messages) = delivered else { panic!("the session goes on") };
        assert!(messages.iter().map(decode).eq([ServerMessage::Pong {}]));
    }
    gate.add_permits(1);
    assert_eq!(event_number(&client.hear().await), Some(2), "the page that was asked for first");
    assert_eq!(event_number(&client.hear().await), Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_board_whose_log_cannot_be_read_holds_up_no_other() {
    let unreadable = board_id(BOARD);
    let house = Surroundings::answering(move |query| match query {
        CoreQuery::Events { board, .. } if board == unreadable => Ok(CoreReply::Unavailable),
        CoreQuery::Events { board, .. } => {
            Ok(CoreReply::Events(vec![Event { board, ..renamed(BOARD, 2) }]))
        }
        _ => admitted(position(2)),
    })
    .house();
    let mut client = house.client(1);
    for n in 1..=20 {
        client.say(join(board_id(n), Some(position(1)))).await;
    }
    let mut boards = std::collections::BTreeSet::new();
    while boards.len() < 19 {
        if let ServerMessage::Event { event } = client.hear().await {
            boards.insert(event.board);
        }
    }
    assert_eq!(boards, (2..=20).map(board_id).collect());
}

#[tokio::test(start_paused = true)]
async fn whatever_is_written_meanwhile_a_page_that_fails_is_asked_for_with_pauses() {
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    let house = Surroundings::answering(move |query| match query {
        CoreQuery::Events { .. } => {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(CoreReply::Unavailable)
        }
        _ => admitted(position(2)),
    })
    .house();
    let mut client = waiting_for_a_page(&house, 2).await;
    let begin = tokio::time::Instant::now();
    while begin.elapsed() < Duration::from_secs(10) {
        client.say(ClientMessage::Ping).await;
        assert_eq!(client.hear().await, ServerMessage::Pong {});
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    let attempts = attempts.load(Ordering::Relaxed);
    assert!((5..=12).contains(&attempts), "{attempts} in ten seconds");
}

/// Everybody may join, as often as the gate is opened.
fn house_that_admits_when_told() -> (House, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let opens = Arc::clone(&gate);
    let mut surroundings = Surroundings::answering(|_| Err(no_bus()));
    surroundings.queries = ScriptedQueries(Box::new(move |_| {
        let opens = Arc::clone(&opens);
        Box::pin(async move {
            opens.acquire().await.map_err(|_| no_bus())?.forget();
            admitted(position(1))
        })
    }));
    (surroundings.house(), gate)
}

fn json(message: &ClientMessage) -> String {
    message.to_json().expect("it is JSON")
}

#[tokio::test]
async fn commands_and_pings_do_not_wait_for_what_was_asked_before_them() {
    let (house, _closed) = house_that_admits_when_told();
    let mut client = house.client(1);
    client.hears_the_welcome().await;
    let session = Arc::clone(&client.session);
    let mut pipeline = session.pipeline();

    pipeline.receive(&json(&join(board_id(BOARD), Some(position(1))))).await;
    pipeline.receive(&json(&ClientMessage::Ping)).await;

    assert_eq!(client.hear().await, ServerMessage::Pong {});
    assert!(pipeline.complete_next().now_or_never().is_none(), "nobody was admitted");
}

#[tokio::test]
async fn whoever_leaves_after_joining_has_left_when_the_answers_are_there() {
    let (house, gate) = house_that_admits_when_told();
    let mut client = house.client(1);
    client.hears_the_welcome().await;
    let session = Arc::clone(&client.session);
    let mut pipeline = session.pipeline();

    pipeline.receive(&json(&join(board_id(BOARD), Some(position(1))))).await;
    pipeline.receive(&json(&ClientMessage::Leave { board: board_id(BOARD) })).await;
    gate.add_permits(1);
    pipeline.complete_next().await;
    pipeline.complete_next().await;

    assert_eq!([client.hear().await, client.hear().await], [joined(1), left()]);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_too_much_at_once_is_not_read_until_something_is_answered() {
    let (house, gate) = house_that_admits_when_told();
    let mut client = house.client(1);
    client.hears_the_welcome().await;
    let session = Arc::clone(&client.session);
    let mut pipeline = session.pipeline();
    let mut asked = 0;
    while !pipeline.is_full() {
        pipeline.receive(&json(&join(board_id(BOARD), Some(position(1))))).await;
        asked += 1;
        assert!(asked < 1_000, "there is no end to it");
    }

    gate.add_permits(1);
    pipeline.complete_next().await;

    assert!(!pipeline.is_full());
}

#[tokio::test]
async fn what_happens_before_it_is_known_who_may_join_is_sent_to_who_may() {
    let (house, gate) = house_that_admits_when_told();
    let mut client = house.client(1);
    client.hears_the_welcome().await;
    let session = Arc::clone(&client.session);
    let message = join(board_id(BOARD), Some(position(1))).to_json().expect("it is JSON");
    let joining = tokio::spawn(async move { session.receive(&message).await });
    tokio::task::yield_now().await;

    let announced =
        AnnouncedEvent { trace: TraceId::default(), follows: None, event: renamed(BOARD, 2) };
    let slot = Slot::of(board_id(BOARD));
    house.tell(Incoming::Announcement(Announcement { slot, events: vec![announced] }));
    tokio::task::yield_now().await;
    gate.add_permits(1);

    joining.await.expect("it does not panic");
    assert_eq!(client.hear().await, joined(1));
    assert_eq!(event_number(&client.hear().await), Some(2));
}

#[tokio::test]
async fn who_leaves_while_a_page_is_fetched_is_not_sent_it() {
    let (house, gate) = house_with_gate(3);
    let mut client = waiting_for_a_page(&house, 3).await;
    let session = Arc::clone(&client.session);
    let fetching = tokio::spawn(async move { session.next().await });
    tokio::task::yield_now().await;

    client.say(ClientMessage::Leave { board: board_id(BOARD) }).await;
    gate.add_permits(10);

    let SessionOutput::Messages(messages) = fetching.await.expect("it does not panic") else {
        panic!("the session goes on")
    };
    client.heard.extend(messages);
    assert_eq!(client.hear().await, left());
    client.say(ClientMessage::Ping).await;
    assert_eq!(client.hear().await, ServerMessage::Pong {});
}

#[tokio::test]
async fn a_client_that_is_cut_off_while_a_page_is_fetched_is_told_so() {
    let (house, gate) = house_with_gate(3);
    let client = waiting_for_a_page(&house, 3).await;
    let session = Arc::clone(&client.session);
    let fetching = tokio::spawn(async move { session.next().await });
    tokio::task::yield_now().await;

    house.gateway.drain().await;
    gate.add_permits(10);

    let delivered = fetching.await.expect("it does not panic");
    assert_eq!(delivered, SessionOutput::Close(CloseReason::GoingAway));
}

#[tokio::test(start_paused = true)]
async fn a_session_dropped_in_the_middle_of_a_join_leaves_nothing_behind() {
    let mut surroundings = Surroundings::answering(|_| Err(no_bus()));
    surroundings.queries = ScriptedQueries(Box::new(|_| Box::pin(std::future::pending())));
    let house = surroundings.house();
    let client = house.client(1);
    let mut joining = Box::pin(client.say(join(board_id(BOARD), None)));
    assert!(futures::poll!(&mut joining).is_pending());
    assert_eq!(locked(&house.slots).len(), 1, "it listens already");

    drop(joining);
    drop(client);

    assert_eq!(house.gateway.sessions(), 0);
    assert!(house.gateway.recipients().is_empty());
    tokio::time::sleep(house.gateway.settings.heads_every * 2).await;
    assert!(locked(&house.slots).is_empty(), "nobody looks at the board any more");
}
