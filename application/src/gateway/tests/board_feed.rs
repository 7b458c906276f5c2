//! The feed of one board: order, gaps, the cache and its budget.

use sockbit_domain::{Change, Event, EventId, Seq, Title};

use super::*;
use crate::envelope::AnnouncedEvent;
use crate::gateway::board_feed::{BoardFeed, CatchUpResult, ServeResult};
use crate::gateway::encoded_event::EncodedEvent;
use crate::gateway::memory_budget::MemoryBudget;
use crate::gateway::outgoing_queue::OutgoingQueue;
use crate::testing::{event, position, renamed};
use crate::trace::TraceId;

/// A budget of half a mebibyte for each board.
fn budget(settings: &GatewaySettings) -> Arc<MemoryBudget> {
    MemoryBudget::new(&GatewaySettings { feed_bytes_max: 512 * 1024, ..settings.clone() })
}

fn queue() -> Arc<OutgoingQueue> {
    Arc::new(OutgoingQueue::new(&GatewaySettings::default(), Arc::default()))
}

/// A feed that starts after this event, and the queue of its live member.
fn feed_at(seq: u64) -> (BoardFeed, Arc<OutgoingQueue>) {
    feed_with_budget(&budget(&GatewaySettings::default()), seq)
}

fn feed_with_budget(budget: &Arc<MemoryBudget>, seq: u64) -> (BoardFeed, Arc<OutgoingQueue>) {
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

/// The number of cached events from which a member can catch up.
fn cached(feed: &mut BoardFeed, last: u64) -> u64 {
    feed.add_member(9, queue());
    let is_cached = |count: &u64| feed.catch_up(9, position(last - count)) == CatchUpResult::Live;
    (0..=last).take_while(is_cached).last().expect("a member without missing events is live")
}

fn sent(outgoing: &OutgoingQueue) -> Vec<u64> {
    match outgoing.take() {
        Some(SessionOutput::Messages(messages)) => {
            messages.iter().filter_map(|it| event_number(&decode(it))).collect()
        }
        Some(SessionOutput::Close(reason)) => panic!("closed: {reason:?}"),
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
fn a_member_catches_up_from_the_cache_only_if_that_reaches_back_far_enough() {
    let (mut feed, outgoing) = feed_at(0);
    for seq in 1..=200 {
        insert_and_serve(&mut feed, renamed(1, seq));
        sent(&outgoing);
    }
    let late = queue();
    feed.add_member(2, Arc::clone(&late));
    assert_eq!(feed.catch_up(2, position(71)), CatchUpResult::NotCached);
    assert_eq!(feed.catch_up(2, position(72)), CatchUpResult::Live);
    assert_eq!(sent(&late), (73..=200).collect::<Vec<_>>());
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
fn the_cache_is_bounded_in_bytes() {
    let (mut feed, _) = feed_at(0);
    for seq in 1..=10 {
        insert_and_serve(&mut feed, large(seq, 100 * 1024));
    }
    assert_eq!(cached(&mut feed, 10), 5, "half a mebibyte");
}

#[test]
fn the_cache_never_fills_more_than_half_of_an_outgoing_queue() {
    let settings = GatewaySettings {
        outgoing_messages_max: 16,
        outgoing_bytes_max: 64 * 1024,
        ..GatewaySettings::default()
    };
    let (mut many, _) = feed_with_budget(&budget(&settings), 0);
    let (mut large_ones, _) = feed_with_budget(&budget(&settings), 0);
    for seq in 1..=20 {
        insert_and_serve(&mut many, renamed(1, seq));
        insert_and_serve(&mut large_ones, large(seq, 10 * 1024));
    }
    assert_eq!(cached(&mut many, 20), 8);
    assert_eq!(cached(&mut large_ones, 20), 3);
}

#[test]
fn the_caches_of_all_feeds_share_one_budget() {
    let settings =
        GatewaySettings { feed_bytes_total_max: 500 * 1024, ..GatewaySettings::default() };
    let budget = budget(&settings);
    let (mut first, _) = feed_with_budget(&budget, 0);
    let (mut second, _) = feed_with_budget(&budget, 0);
    for seq in 1..=3 {
        insert_and_serve(&mut first, large(seq, 100 * 1024));
    }
    for seq in 1..=10 {
        insert_and_serve(&mut second, large(seq, 100 * 1024));
    }
    assert!(!budget.is_exceeded());
    assert_eq!((cached(&mut first, 3), cached(&mut second, 10)), (3, 1));

    first.trim_cache(budget.share(2));
    insert_and_serve(&mut second, large(11, 100 * 1024));
    assert_eq!((cached(&mut first, 3), cached(&mut second, 11)), (2, 2), "each has an equal share");

    drop(first);
    for seq in 12..=20 {
        insert_and_serve(&mut second, large(seq, 100 * 1024));
    }
    assert_eq!(cached(&mut second, 20), 4, "a dropped feed releases its bytes");
}

#[test]
fn events_ahead_of_gaps_count_towards_the_budget() {
    let settings =
        GatewaySettings { feed_bytes_total_max: 250 * 1024, ..GatewaySettings::default() };
    let budget = budget(&settings);
    let (mut first, _) = feed_with_budget(&budget, 0);
    let (mut second, outgoing) = feed_with_budget(&budget, 0);
    for seq in 2..=5 {
        insert_and_serve(&mut first, large(seq, 100 * 1024));
        insert_and_serve(&mut second, large(seq, 100 * 1024));
    }
    assert!(!budget.is_exceeded());
    insert_and_serve(&mut second, renamed(1, 1));
    assert_eq!(sent(&outgoing), [1, 2], "one of each feed was within the budget");
    assert!(second.has_gap(), "the others are fetched");
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

/// A page of the log.
fn page(numbers: std::ops::RangeInclusive<u64>, budget: &Arc<MemoryBudget>) -> Vec<EncodedEvent> {
    numbers.map(|seq| EncodedEvent::new(announced(renamed(1, seq)), budget)).collect()
}

#[test]
fn fetched_pages_are_cached() {
    let budget = budget(&GatewaySettings::default());
    let (mut feed, _) = feed_with_budget(&budget, 9);
    assert_eq!(cached(&mut feed, 9), 0, "the cache is empty at first");

    feed.cache_page(page(5..=9, &budget));
    feed.cache_page(page(2..=6, &budget));

    assert_eq!(cached(&mut feed, 9), 8, "from event 1 on");
    let outgoing = queue();
    feed.add_member(7, Arc::clone(&outgoing));
    assert_eq!(feed.catch_up(7, position(3)), CatchUpResult::Live);
    assert_eq!(sent(&outgoing), [4, 5, 6, 7, 8, 9]);
}

#[test]
fn a_page_that_does_not_lead_up_to_the_cache_is_not_cached() {
    let budget = budget(&GatewaySettings::default());
    let (mut feed, _) = feed_with_budget(&budget, 9);
    feed.cache_page(page(5..=8, &budget));
    assert_eq!(cached(&mut feed, 9), 0, "event 9 is missing");

    feed.cache_page(page(9..=9, &budget));
    let other = Event { id: EventId(uuid(0xbad)), ..renamed(1, 8) };
    let known = AnnouncedEvent { follows: Some(position(8).event), ..announced(renamed(1, 9)) };
    assert_eq!(cached(&mut feed, 9), 1);
    let (mut feed, _) = feed_with_budget(&budget, 8);
    feed.insert(known);
    assert_eq!(feed.serve(), ServeResult::Complete);
    feed.cache_page(vec![EncodedEvent::new(announced(other), &budget)]);
    assert_eq!(cached(&mut feed, 9), 1, "the log has another event at that number");
}

#[test]
fn the_cache_of_fetched_pages_is_bounded() {
    let budget = budget(&GatewaySettings::default());
    let (mut feed, _) = feed_with_budget(&budget, 500);
    feed.cache_page(page(1..=500, &budget));
    assert_eq!(cached(&mut feed, 500), 128);
}
