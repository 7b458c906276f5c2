//! The cache of a feed, and the memory budget of all feeds.

use super::*;

/// The number of cached events from which a member can catch up.
fn cached(feed: &mut BoardFeed, last: u64) -> u64 {
    feed.add_member(9, queue());
    let is_cached = |count: &u64| feed.catch_up(9, position(last - count)) == CatchUpResult::Live;
    (0..=last).take_while(is_cached).last().expect("a member without missing events is live")
}

/// A page of the log.
fn page(
    numbers: std::ops::RangeInclusive<u64>,
    budget: &Arc<FeedMemoryBudget>,
) -> Vec<EncodedEvent> {
    numbers.map(|seq| EncodedEvent::new(announced(renamed(1, seq)), budget)).collect()
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
