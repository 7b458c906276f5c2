//! The feed of one board: order, gaps and diverged histories.

mod cache;
mod turns;

use sockbit_domain::{Change, Event, EventId, Seq, Title};

use super::*;
use crate::bus_messages::AnnouncedEvent;
use crate::gateway::board_feed::{BoardFeed, CatchUpResult, ServeResult};
use crate::gateway::encoded_event::EncodedEvent;
use crate::gateway::feed_memory_budget::FeedMemoryBudget;
use crate::gateway::outgoing_queue::OutgoingQueue;
use crate::test_fixtures::{event, position, renamed};
use crate::trace_id::TraceId;

/// A budget of half a mebibyte for each board.
fn budget(settings: &GatewaySettings) -> Arc<FeedMemoryBudget> {
    FeedMemoryBudget::new(&GatewaySettings { feed_bytes_max: 512 * 1024, ..settings.clone() })
}

fn queue() -> Arc<OutgoingQueue> {
    Arc::new(OutgoingQueue::new(&GatewaySettings::default(), Arc::default()))
}

/// A feed that starts after this event, and the queue of its live member.
fn feed_at(seq: u64) -> (BoardFeed, Arc<OutgoingQueue>) {
    feed_with_budget(&budget(&GatewaySettings::default()), seq)
}

fn feed_with_budget(budget: &Arc<FeedMemoryBudget>, seq: u64) -> (BoardFeed, Arc<OutgoingQueue>) {
    let outgoing = queue();
    let mut feed = BoardFeed::new(Arc::clone(budget));
    feed.add_member(1, Arc::clone(&outgoing));
    feed.set_head(position(seq));
    assert_eq!(feed.catch_up(1, position(seq)), CatchUpResult::Live);
    (feed, outgoing)
}

/// A position of another history.
fn diverged(seq: u64) -> Position {
    Position { event: EventId(uuid(0xbad)), ..position(seq) }
}

/// An announcement that does not say which event it follows.
fn announced(event: Event) -> AnnouncedEvent {
    AnnouncedEvent { trace: TraceId::default(), follows: None, event }
}

/// Inserts an event and serves all that follow, without yielding.
fn insert_and_serve(feed: &mut BoardFeed, event: Event) {
    feed.insert(announced(event));
    while feed.serve() == ServeResult::MustYield {}
}

/// An event of about this size.
fn large(seq: u64, bytes: usize) -> Event {
    let title = Title::stored("x".repeat(bytes));
    event(1, seq, Change::BoardRenamed { title })
}

fn sent(outgoing: &OutgoingQueue) -> Vec<u64> {
    match outgoing.take() {
        Some(TransportOutput::Messages(messages)) => {
            messages.iter().filter_map(|it| event_number(&decode(it))).collect()
        }
        Some(TransportOutput::Close(reason)) => panic!("closed: {reason:?}"),
        None => Vec::new(),
    }
}

#[test]
fn events_that_came_out_of_order_are_served_in_order() {
    let (mut feed, outgoing) = feed_at(5);
    for seq in [8, 7, 9, 6] {
        insert_and_serve(&mut feed, renamed(1, seq));
    }
    assert_eq!(sent(&outgoing), [6, 7, 8, 9]);
}

#[test]
fn a_repeated_event_is_served_once() {
    let (mut feed, outgoing) = feed_at(5);
    for seq in [6, 6, 5, 7, 6, 7] {
        insert_and_serve(&mut feed, renamed(1, seq));
    }
    assert_eq!(sent(&outgoing), [6, 7]);
}

#[test]
fn a_gap_is_detected_and_holds_back_later_events() {
    let (mut feed, outgoing) = feed_at(5);
    insert_and_serve(&mut feed, renamed(1, 7));
    assert!(feed.has_gap());
    assert_eq!(sent(&outgoing), Vec::<u64>::new());
    insert_and_serve(&mut feed, renamed(1, 6));
    assert!(!feed.has_gap());
    assert_eq!(sent(&outgoing), [6, 7]);
}

#[test]
fn a_compacted_event_is_served_if_it_overlaps_served_ones() {
    let (mut feed, outgoing) = feed_at(5);
    insert_and_serve(&mut feed, Event { from: Seq(4), ..renamed(1, 8) });
    insert_and_serve(&mut feed, renamed(1, 9));
    assert_eq!(sent(&outgoing), [8, 9]);
    assert!(!feed.has_gap());
}

#[test]
fn a_compacted_event_is_served_in_place_of_an_event_ahead() {
    let (mut feed, outgoing) = feed_at(5);
    insert_and_serve(&mut feed, renamed(1, 8));
    insert_and_serve(&mut feed, Event { from: Seq(6), ..renamed(1, 9) });
    insert_and_serve(&mut feed, renamed(1, 10));
    assert_eq!(sent(&outgoing), [9, 10]);
    assert!(!feed.has_gap());
}

#[test]
fn events_before_the_first_admission_are_served_after_its_head() {
    let mut feed = BoardFeed::new(budget(&GatewaySettings::default()));
    let outgoing = queue();
    feed.add_member(1, Arc::clone(&outgoing));
    for seq in [6, 7, 8] {
        insert_and_serve(&mut feed, renamed(1, seq));
    }
    feed.set_head(position(6));
    assert_eq!(feed.serve(), ServeResult::Complete);
    assert_eq!(feed.catch_up(1, position(6)), CatchUpResult::Live);
    assert_eq!(sent(&outgoing), [7, 8]);
}

#[test]
fn the_number_of_events_ahead_of_a_gap_is_bounded() {
    let (mut feed, outgoing) = feed_at(0);
    for seq in 2..=1_000 {
        insert_and_serve(&mut feed, renamed(1, seq));
    }
    insert_and_serve(&mut feed, renamed(1, 1));
    assert_eq!(sent(&outgoing), (1..=65).collect::<Vec<_>>());
    assert!(feed.has_gap(), "the others are fetched");
}

#[test]
fn the_bytes_of_events_ahead_of_a_gap_are_bounded() {
    let (mut feed, outgoing) = feed_at(0);
    for seq in 2..=20 {
        insert_and_serve(&mut feed, large(seq, 100 * 1024));
    }
    insert_and_serve(&mut feed, renamed(1, 1));
    assert_eq!(sent(&outgoing), [1, 2, 3, 4, 5, 6], "half a mebibyte is held");
    assert!(feed.has_gap(), "the others are fetched");
}

#[test]
fn serving_yields_once_while_a_queue_is_over_the_high_water_mark() {
    let (mut feed, outgoing) = feed_at(0);
    for event in [large(1, 250 * 1024), large(2, 250 * 1024), renamed(1, 3)] {
        feed.insert(announced(event));
    }
    outgoing.add_in_flight(100 * 1024);
    assert_eq!(
        feed.serve(),
        ServeResult::MustYield,
        "more than half a mebibyte is queued or being written"
    );
    assert!(!feed.has_gap(), "the next event is there");
    assert_eq!(sent(&outgoing), [1, 2]);
    outgoing.complete_write();
    assert_eq!(feed.serve(), ServeResult::Complete);
    assert_eq!(sent(&outgoing), [3]);
}

#[test]
fn serving_does_not_yield_twice_for_a_client_that_does_not_read() {
    let (mut feed, _unread) = feed_at(0);
    let yields = (1..=256).filter(|seq| {
        feed.insert(announced(renamed(1, *seq)));
        feed.serve() == ServeResult::MustYield
    });
    assert_eq!(yields.count(), 1);
}

#[test]
fn a_member_ahead_of_the_feed_is_sent_only_later_events() {
    let (mut feed, _) = feed_at(5);
    let ahead = queue();
    feed.add_member(2, Arc::clone(&ahead));
    assert_eq!(feed.catch_up(2, position(7)), CatchUpResult::Live);
    for seq in 6..=8 {
        insert_and_serve(&mut feed, renamed(1, seq));
    }
    assert_eq!(sent(&ahead), [8]);
}

#[test]
fn a_removed_member_is_not_served() {
    let (mut feed, outgoing) = feed_at(5);
    feed.remove_member(1);
    insert_and_serve(&mut feed, renamed(1, 6));
    assert_eq!(sent(&outgoing), Vec::<u64>::new());
    assert_eq!(feed.catch_up(1, position(5)), CatchUpResult::HistoryDiverged);
}

#[test]
fn a_stored_head_of_another_history_diverges() {
    let (mut feed, _) = feed_at(5);
    insert_and_serve(&mut feed, renamed(1, 6));
    let known = Some(position(6));
    assert!(feed.diverges_from_stored(known, None), "the board does not exist");
    assert!(feed.diverges_from_stored(known, Some(position(5))), "the head went back");
    assert!(feed.diverges_from_stored(known, Some(diverged(6))), "another event has the number");
    assert!(!feed.diverges_from_stored(known, Some(position(6))));
    assert!(!feed.diverges_from_stored(known, Some(position(9))), "there are later events");
    assert!(!feed.diverges_from_stored(None, None), "the feed has no head yet");
}

#[test]
fn a_position_with_another_event_diverges() {
    let (mut feed, _outgoing) = feed_at(6);
    assert!(feed.diverges_from(diverged(6)), "the first admission had this head");
    for seq in [7, 8, 10] {
        insert_and_serve(&mut feed, renamed(1, seq));
    }
    for seq in [7, 8, 10] {
        assert!(feed.diverges_from(diverged(seq)), "{seq}");
        assert!(!feed.diverges_from(position(seq)), "{seq}");
    }
    for seq in [5, 9, 11] {
        assert!(!feed.diverges_from(position(seq)), "{seq} is not known");
    }
}

#[test]
fn an_event_that_does_not_follow_the_last_one_diverges() {
    let after = |follows: Position, seq| AnnouncedEvent {
        follows: Some(follows.event),
        ..announced(renamed(1, seq))
    };
    let (mut feed, outgoing) = feed_at(5);
    feed.insert(after(position(5), 6));
    assert_eq!(feed.serve(), ServeResult::Complete);

    feed.insert(after(diverged(7), 8));
    assert_eq!(feed.serve(), ServeResult::Complete, "the event before it may still arrive");
    feed.insert(after(position(6), 7));
    assert_eq!(feed.serve(), ServeResult::HistoryDiverged);
    assert_eq!(sent(&outgoing), [6, 7]);
}

#[test]
fn a_member_of_another_history_is_not_served() {
    let (mut feed, _) = feed_at(5);
    insert_and_serve(&mut feed, renamed(1, 6));
    feed.add_member(2, queue());
    assert_eq!(feed.catch_up(2, diverged(6)), CatchUpResult::HistoryDiverged);
}

#[test]
fn the_position_of_a_member_becomes_the_known_head() {
    let (mut feed, _) = feed_at(5);
    feed.add_member(2, queue());
    assert_eq!(feed.catch_up(2, position(8)), CatchUpResult::Live, "it is ahead of the feed");
    assert!(feed.diverges_from_stored(feed.head(), Some(position(7))), "the head went back");
    assert!(feed.diverges_from(diverged(8)));
}
