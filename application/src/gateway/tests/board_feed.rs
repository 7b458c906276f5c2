//! One board's news: in order, once, and the latest kept.

use sockbit_domain::{Change, Event, EventId, Seq, Title};

use super::*;
use crate::envelope::AnnouncedEvent;
use crate::gateway::board_feed::{BoardFeed, CatchUp, Served};
use crate::gateway::encoded_event::{EncodedEvent, MemoryBudget};
use crate::testing::{event, position, renamed};
use crate::trace::TraceId;

fn room(settings: &GatewaySettings) -> Arc<MemoryBudget> {
    let roomy = GatewaySettings { feed_bytes_max: 512 * 1024, ..settings.clone() };
    MemoryBudget::new(&roomy)
}

fn queue() -> Arc<OutgoingQueue> {
    Arc::new(OutgoingQueue::new(&GatewaySettings::default(), Arc::default()))
}

/// A feed that begins after this event, and a member who has seen that.
fn feed_at(seq: u64) -> (BoardFeed, Arc<OutgoingQueue>) {
    feed_in(&room(&GatewaySettings::default()), seq)
}

fn feed_in(room: &Arc<MemoryBudget>, seq: u64) -> (BoardFeed, Arc<OutgoingQueue>) {
    let outgoing = queue();
    let mut feed = BoardFeed::new(Arc::clone(room));
    feed.add(1, Arc::clone(&outgoing));
    feed.learn(position(seq));
    assert_eq!(feed.catch_up(1, position(seq)), CatchUp::Live);
    (feed, outgoing)
}

/// A position in another history.
fn elsewhere(seq: u64) -> Position {
    Position { event: EventId(uuid(0xbad)), ..position(seq) }
}

/// An event of which nobody told what it follows.
fn announced(event: Event) -> AnnouncedEvent {
    AnnouncedEvent { trace: TraceId::default(), follows: None, event }
}

/// Takes an event in and serves what follows, with a turn for nobody.
fn take(feed: &mut BoardFeed, event: Event) {
    feed.take(announced(event));
    while feed.serve() == Served::NeedsATurn {}
}

/// An event of about so many bytes.
fn large(seq: u64, bytes: usize) -> Event {
    let title = Title::stored("x".repeat(bytes));
    event(1, seq, Change::BoardRenamed { title })
}

/// How far back a member may have been to resume from what is kept.
fn kept(feed: &mut BoardFeed, last: u64) -> u64 {
    feed.add(9, queue());
    let is_kept = |count: &u64| feed.catch_up(9, position(last - count)) == CatchUp::Live;
    (0..=last).take_while(is_kept).last().expect("who has seen everything goes on")
}

fn served(outgoing: &OutgoingQueue) -> Vec<u64> {
    match outgoing.take() {
        Some(SessionOutput::Messages(messages)) => {
            messages.iter().filter_map(|it| event_number(&decode(it))).collect()
        }
        Some(SessionOutput::Close(reason)) => panic!("cut: {reason:?}"),
        None => Vec::new(),
    }
}

#[test]
fn events_that_came_out_of_order_are_served_in_order() {
    let (mut feed, outgoing) = feed_at(5);
    for seq in [8, 7, 9, 6] {
        take(&mut feed, renamed(1, seq));
    }
    assert_eq!(served(&outgoing), [6, 7, 8, 9]);
}

#[test]
fn an_event_that_comes_again_is_served_once() {
    let (mut feed, outgoing) = feed_at(5);
    for seq in [6, 6, 5, 7, 6, 7] {
        take(&mut feed, renamed(1, seq));
    }
    assert_eq!(served(&outgoing), [6, 7]);
}

#[test]
fn a_missing_event_holds_back_what_follows_it_and_is_noticed() {
    let (mut feed, outgoing) = feed_at(5);
    take(&mut feed, renamed(1, 7));
    assert!(feed.has_gap());
    assert_eq!(served(&outgoing), Vec::<u64>::new());
    take(&mut feed, renamed(1, 6));
    assert!(!feed.has_gap());
    assert_eq!(served(&outgoing), [6, 7]);
}

#[test]
fn an_event_that_stands_for_several_follows_where_it_overlaps() {
    let (mut feed, outgoing) = feed_at(5);
    take(&mut feed, Event { from: Seq(4), ..renamed(1, 8) });
    take(&mut feed, renamed(1, 9));
    assert_eq!(served(&outgoing), [8, 9]);
    assert!(!feed.has_gap());
}

#[test]
fn an_event_that_stands_for_one_that_waits_is_served_in_its_place() {
    let (mut feed, outgoing) = feed_at(5);
    take(&mut feed, renamed(1, 8));
    take(&mut feed, Event { from: Seq(6), ..renamed(1, 9) });
    take(&mut feed, renamed(1, 10));
    assert_eq!(served(&outgoing), [9, 10]);
    assert!(!feed.has_gap());
}

#[test]
fn events_before_the_first_admission_wait_and_then_follow_its_head() {
    let mut feed = BoardFeed::new(room(&GatewaySettings::default()));
    let outgoing = queue();
    feed.add(1, Arc::clone(&outgoing));
    for seq in [6, 7, 8] {
        take(&mut feed, renamed(1, seq));
    }
    feed.learn(position(6));
    assert_eq!(feed.serve(), Served::All);
    assert_eq!(feed.catch_up(1, position(6)), CatchUp::Live);
    assert_eq!(served(&outgoing), [7, 8]);
}

#[test]
fn however_far_a_head_runs_ahead_a_bounded_number_of_events_waits() {
    let (mut feed, outgoing) = feed_at(0);
    for seq in 2..=1_000 {
        take(&mut feed, renamed(1, seq));
    }
    take(&mut feed, renamed(1, 1));
    let waited = served(&outgoing);
    assert_eq!(waited, (1..=65).collect::<Vec<_>>());
    assert!(feed.has_gap(), "the rest is fetched");
}

#[test]
fn a_member_resumes_from_what_is_kept_and_from_the_log_where_that_is_gone() {
    let (mut feed, outgoing) = feed_at(0);
    for seq in 1..=200 {
        take(&mut feed, renamed(1, seq));
        served(&outgoing);
    }
    let late = queue();
    feed.add(2, Arc::clone(&late));
    assert_eq!(feed.catch_up(2, position(71)), CatchUp::Missing);
    assert_eq!(feed.catch_up(2, position(72)), CatchUp::Live);
    assert_eq!(served(&late), (73..=200).collect::<Vec<_>>());
}

#[test]
fn large_events_wait_for_what_they_follow_up_to_a_bound_in_bytes() {
    let (mut feed, outgoing) = feed_at(0);
    for seq in 2..=20 {
        take(&mut feed, large(seq, 100 * 1024));
    }
    take(&mut feed, renamed(1, 1));
    assert_eq!(served(&outgoing), [1, 2, 3, 4, 5, 6], "half a mebibyte may wait");
    assert!(feed.has_gap(), "the rest is fetched");
}

#[test]
fn who_is_crowded_gets_one_turn_to_write_before_more_is_served() {
    let (mut feed, outgoing) = feed_at(0);
    for event in [large(1, 250 * 1024), large(2, 250 * 1024), renamed(1, 3)] {
        feed.take(announced(event));
    }
    outgoing.writes(100 * 1024);
    assert_eq!(
        feed.serve(),
        Served::NeedsATurn,
        "more than half of a mebibyte waits or is written, and more will come"
    );
    assert!(!feed.has_gap(), "what is left follows");
    assert_eq!(served(&outgoing), [1, 2]);
    outgoing.written();
    assert_eq!(feed.serve(), Served::All);
    assert_eq!(served(&outgoing), [3]);
}

#[test]
fn nobody_waits_twice_for_one_who_does_not_take_what_waits() {
    let (mut feed, _sleeper) = feed_at(0);
    let turns = (1..=256).filter(|seq| {
        feed.take(announced(renamed(1, *seq)));
        feed.serve() == Served::NeedsATurn
    });
    assert_eq!(turns.count(), 1);
}

#[test]
fn what_is_kept_is_bounded_in_bytes() {
    let (mut feed, _) = feed_at(0);
    for seq in 1..=10 {
        take(&mut feed, large(seq, 100 * 1024));
    }
    assert_eq!(kept(&mut feed, 10), 5, "of half a mebibyte");
}

#[test]
fn what_is_kept_is_never_more_than_half_of_what_a_client_may_have_waiting() {
    let settings = GatewaySettings {
        outgoing_messages_max: 16,
        outgoing_bytes_max: 64 * 1024,
        ..GatewaySettings::default()
    };
    let (mut many, _) = feed_in(&room(&settings), 0);
    let (mut large_ones, _) = feed_in(&room(&settings), 0);
    for seq in 1..=20 {
        take(&mut many, renamed(1, seq));
        take(&mut large_ones, large(seq, 10 * 1024));
    }
    assert_eq!(kept(&mut many, 20), 8);
    assert_eq!(kept(&mut large_ones, 20), 3);
}

#[test]
fn what_all_feeds_keep_is_bounded_and_who_comes_late_keeps_what_is_left() {
    let settings =
        GatewaySettings { feed_bytes_total_max: 500 * 1024, ..GatewaySettings::default() };
    let room = room(&settings);
    let (mut first, _) = feed_in(&room, 0);
    let (mut second, _) = feed_in(&room, 0);
    for seq in 1..=3 {
        take(&mut first, large(seq, 100 * 1024));
    }
    for seq in 1..=10 {
        take(&mut second, large(seq, 100 * 1024));
    }
    assert!(!room.is_over());
    assert_eq!((kept(&mut first, 3), kept(&mut second, 10)), (3, 1));

    first.trim(room.share(2));
    take(&mut second, large(11, 100 * 1024));
    assert_eq!((kept(&mut first, 3), kept(&mut second, 11)), (2, 2), "each has its share");

    drop(first);
    for seq in 12..=20 {
        take(&mut second, large(seq, 100 * 1024));
    }
    assert_eq!(kept(&mut second, 20), 4, "a feed that is gone leaves its room");
}

#[test]
fn what_waits_in_gaps_counts_towards_what_all_feeds_hold() {
    let settings =
        GatewaySettings { feed_bytes_total_max: 250 * 1024, ..GatewaySettings::default() };
    let room = room(&settings);
    let (mut first, _) = feed_in(&room, 0);
    let (mut second, outgoing) = feed_in(&room, 0);
    for seq in 2..=5 {
        take(&mut first, large(seq, 100 * 1024));
        take(&mut second, large(seq, 100 * 1024));
    }
    assert!(!room.is_over());
    take(&mut second, renamed(1, 1));
    assert_eq!(served(&outgoing), [1, 2], "there was room for one each");
    assert!(second.has_gap(), "the rest is fetched");
}

#[test]
fn a_member_who_has_seen_more_than_the_feed_is_served_only_what_follows() {
    let (mut feed, _) = feed_at(5);
    let ahead = queue();
    feed.add(2, Arc::clone(&ahead));
    assert_eq!(feed.catch_up(2, position(7)), CatchUp::Live);
    for seq in 6..=8 {
        take(&mut feed, renamed(1, seq));
    }
    assert_eq!(served(&ahead), [8]);
}

#[test]
fn who_is_no_member_is_not_served() {
    let (mut feed, outgoing) = feed_at(5);
    feed.remove(1);
    take(&mut feed, renamed(1, 6));
    assert_eq!(served(&outgoing), Vec::<u64>::new());
    assert_eq!(feed.catch_up(1, position(5)), CatchUp::Gone);
}

#[test]
fn a_head_of_another_history_contradicts_the_feed() {
    let (mut feed, _) = feed_at(5);
    take(&mut feed, renamed(1, 6));
    let before = Some(position(6));
    assert!(feed.contradicts(before, None), "the board is gone");
    assert!(feed.contradicts(before, Some(position(5))), "the head went back");
    assert!(feed.contradicts(before, Some(elsewhere(6))), "another event has the number");
    assert!(!feed.contradicts(before, Some(position(6))));
    assert!(!feed.contradicts(before, Some(position(9))), "there is news");
    assert!(!feed.contradicts(None, None), "nobody has joined yet");
}

#[test]
fn an_event_in_the_place_of_another_contradicts_the_feed() {
    let (mut feed, _outgoing) = feed_at(6);
    assert!(feed.is_contradicted_by(elsewhere(6)), "the first to join told of it");
    for seq in [7, 8, 10] {
        take(&mut feed, renamed(1, seq));
    }
    for seq in [7, 8, 10] {
        assert!(feed.is_contradicted_by(elsewhere(seq)), "{seq}");
        assert!(!feed.is_contradicted_by(position(seq)), "{seq}");
    }
    for seq in [5, 9, 11] {
        assert!(!feed.is_contradicted_by(position(seq)), "nothing is known of {seq}");
    }
}

#[test]
fn an_event_that_follows_another_than_the_last_one_contradicts_the_feed() {
    let after = |follows: Position, seq| AnnouncedEvent {
        follows: Some(follows.event),
        ..announced(renamed(1, seq))
    };
    let (mut feed, outgoing) = feed_at(5);
    feed.take(after(position(5), 6));
    assert_eq!(feed.serve(), Served::All);

    feed.take(after(elsewhere(7), 8));
    assert_eq!(feed.serve(), Served::All, "what it follows may still come");
    feed.take(after(position(6), 7));
    assert_eq!(feed.serve(), Served::Contradiction);
    assert_eq!(served(&outgoing), [6, 7]);
}

#[test]
fn who_comes_from_another_history_is_not_served_from_this_one() {
    let (mut feed, _) = feed_at(5);
    take(&mut feed, renamed(1, 6));
    feed.add(2, queue());
    assert_eq!(feed.catch_up(2, elsewhere(6)), CatchUp::Gone);
}

#[test]
fn what_a_member_has_seen_is_not_contradicted_in_silence() {
    let (mut feed, _) = feed_at(5);
    feed.add(2, queue());
    assert_eq!(feed.catch_up(2, position(8)), CatchUp::Live, "it knows more than the feed");
    assert!(feed.contradicts(feed.known(), Some(position(7))), "the head went back");
    assert!(feed.is_contradicted_by(elsewhere(8)));
}

/// As if it came from the log.
fn page(numbers: std::ops::RangeInclusive<u64>, room: &Arc<MemoryBudget>) -> Vec<EncodedEvent> {
    numbers.map(|seq| EncodedEvent::new(announced(renamed(1, seq)), room)).collect()
}

#[test]
fn what_was_fetched_for_one_is_kept_for_the_next() {
    let room = room(&GatewaySettings::default());
    let (mut feed, _) = feed_in(&room, 9);
    assert_eq!(kept(&mut feed, 9), 0, "nothing is kept in the beginning");

    feed.keep_before(page(5..=9, &room));
    feed.keep_before(page(2..=6, &room));

    assert_eq!(kept(&mut feed, 9), 8, "from event 1 on");
    let outgoing = queue();
    feed.add(7, Arc::clone(&outgoing));
    assert_eq!(feed.catch_up(7, position(3)), CatchUp::Live);
    assert_eq!(served(&outgoing), [4, 5, 6, 7, 8, 9]);
}

#[test]
fn what_does_not_lead_on_to_what_is_kept_is_not_kept() {
    let room = room(&GatewaySettings::default());
    let (mut feed, _) = feed_in(&room, 9);
    feed.keep_before(page(5..=8, &room));
    assert_eq!(kept(&mut feed, 9), 0, "event 9 is missing");

    feed.keep_before(page(9..=9, &room));
    let other = Event { id: EventId(uuid(0xbad)), ..renamed(1, 8) };
    let known = AnnouncedEvent { follows: Some(position(8).event), ..announced(renamed(1, 9)) };
    assert_eq!(kept(&mut feed, 9), 1);
    let (mut feed, _) = feed_in(&room, 8);
    feed.take(known);
    assert_eq!(feed.serve(), Served::All);
    feed.keep_before(vec![EncodedEvent::new(announced(other), &room)]);
    assert_eq!(kept(&mut feed, 9), 1, "another event stands there");
}

#[test]
fn of_what_was_fetched_no_more_is_kept_than_may_be() {
    let room = room(&GatewaySettings::default());
    let (mut feed, _) = feed_in(&room, 500);
    feed.keep_before(page(1..=500, &room));
    assert_eq!(kept(&mut feed, 500), 128);
}
