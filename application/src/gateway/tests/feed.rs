//! One board's news: in order, once, and the latest kept.

use sockbit_domain::{Event, EventId, Seq};

use super::*;
use crate::envelope::Announced;
use crate::gateway::feed::{CatchUp, Feed};
use crate::testing::{position, renamed};
use crate::trace::TraceId;

const ROOMY: usize = 1024 * 1024;

/// A feed that begins after this event, and a member who has seen that.
fn feed_at(seq: u64) -> (Feed, Arc<Outgoing>) {
    let outgoing = Arc::new(Outgoing::new(&GatewaySettings::default(), Arc::default()));
    let mut feed = Feed::default();
    feed.add(1, Arc::clone(&outgoing));
    feed.learn(Seq(seq), ROOMY);
    assert_eq!(feed.catch_up(1, Seq(seq)), CatchUp::Live);
    (feed, outgoing)
}

fn take(feed: &mut Feed, event: Event) {
    feed.take(Announced { trace: TraceId::default(), event }, ROOMY);
}

fn served(outgoing: &Outgoing) -> Vec<u64> {
    match outgoing.take() {
        Some(Delivered::Messages(messages)) => {
            messages.iter().filter_map(|it| event_number(&decode(it))).collect()
        }
        Some(Delivered::Close(reason)) => panic!("cut: {reason:?}"),
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
    let mut feed = Feed::default();
    let outgoing = Arc::new(Outgoing::new(&GatewaySettings::default(), Arc::default()));
    feed.add(1, Arc::clone(&outgoing));
    for seq in [6, 7, 8] {
        take(&mut feed, renamed(1, seq));
    }
    feed.learn(Seq(6), ROOMY);
    assert_eq!(feed.catch_up(1, Seq(6)), CatchUp::Live);
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
    let late = Arc::new(Outgoing::new(&GatewaySettings::default(), Arc::default()));
    feed.add(2, Arc::clone(&late));
    assert_eq!(feed.catch_up(2, Seq(71)), CatchUp::Missing);
    assert_eq!(feed.catch_up(2, Seq(72)), CatchUp::Live);
    assert_eq!(served(&late), (73..=200).collect::<Vec<_>>());
}

#[test]
fn what_is_kept_is_bounded_in_bytes() {
    let (mut feed, outgoing) = feed_at(0);
    for seq in 1..=10 {
        let announced = Announced { trace: TraceId::default(), event: renamed(1, seq) };
        feed.take(announced, 1_000);
    }
    let sent = outgoing.take();
    let Some(Delivered::Messages(messages)) = sent else { panic!("{sent:?}") };
    let fit = messages.iter().rev().scan(0, |bytes, it| {
        *bytes += it.len();
        (*bytes <= 1_000).then_some(())
    });
    let kept = u64::try_from(fit.count()).expect("there are few");
    assert_eq!(feed.catch_up(1, Seq(10 - kept - 1)), CatchUp::Missing);
    assert_eq!(feed.catch_up(1, Seq(10 - kept)), CatchUp::Live);
}

#[test]
fn a_member_who_has_seen_more_than_the_feed_is_served_only_what_follows() {
    let (mut feed, _) = feed_at(5);
    let ahead = Arc::new(Outgoing::new(&GatewaySettings::default(), Arc::default()));
    feed.add(2, Arc::clone(&ahead));
    assert_eq!(feed.catch_up(2, Seq(7)), CatchUp::Live);
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
    assert_eq!(feed.catch_up(1, Seq(5)), CatchUp::Gone);
}

#[test]
fn a_head_of_another_history_contradicts_the_feed() {
    let (mut feed, _) = feed_at(5);
    take(&mut feed, renamed(1, 6));
    let other = Position { event: EventId(uuid(0xbad)), ..position(6) };
    let last = Some(Seq(6));
    assert!(feed.contradicts(last, None), "the board is gone");
    assert!(feed.contradicts(last, Some(position(5))), "the head went back");
    assert!(feed.contradicts(last, Some(other)), "another event has the number");
    assert!(!feed.contradicts(last, Some(position(6))));
    assert!(!feed.contradicts(last, Some(position(9))), "there is news");
    assert!(!feed.contradicts(None, None), "nobody has joined yet");
}
