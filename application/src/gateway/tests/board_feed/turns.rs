//! Boards with many members, which are served in turns.

use futures::FutureExt;

use super::*;
use crate::gateway::feed_members::MEMBERS_PER_TURN;

const MEMBERS: usize = MEMBERS_PER_TURN * 2 + 10;

/// A feed with many live members that have all events up to 0, and their queues.
fn large_feed() -> (BoardFeed, Vec<Arc<OutgoingQueue>>) {
    let mut feed = BoardFeed::new(budget(&GatewaySettings::default()));
    feed.set_head(position(0));
    let queues: Vec<_> = (0..MEMBERS).map(|_| queue()).collect();
    for (session, outgoing) in (0..).zip(&queues) {
        feed.add_member(session, Arc::clone(outgoing));
        assert_eq!(feed.catch_up(session, position(0)), CatchUpResult::Live);
    }
    (feed, queues)
}

/// The number of members that have something queued, and of the messages.
fn taken(queues: &[Arc<OutgoingQueue>]) -> (usize, usize) {
    let events: Vec<_> = queues.iter().map(|it| sent(it)).filter(|it| !it.is_empty()).collect();
    (events.len(), events.iter().map(Vec::len).sum())
}

/// Whether the transport of this queue was woken, which the call resets.
fn is_woken(outgoing: &OutgoingQueue) -> bool {
    outgoing.changed().now_or_never().is_some()
}

#[test]
fn a_turn_serves_a_bounded_number_of_members() {
    let (mut feed, queues) = large_feed();
    feed.insert(announced(renamed(1, 1)));
    for _ in 0..2 {
        assert_eq!(feed.serve(), ServeResult::TurnComplete);
        assert_eq!(taken(&queues), (MEMBERS_PER_TURN, MEMBERS_PER_TURN));
    }
    assert_eq!(feed.serve(), ServeResult::Complete);
    assert_eq!(taken(&queues), (10, 10));
}

#[test]
fn events_of_one_announcement_wake_each_member_once() {
    let (mut feed, queues) = large_feed();
    for seq in 1..=5 {
        feed.insert(announced(renamed(1, seq)));
    }
    assert!(queues.iter().all(|it| !is_woken(it)), "no member is woken before all are queued");
    while feed.serve() == ServeResult::TurnComplete {}
    for outgoing in &queues {
        assert!(is_woken(outgoing));
        assert!(!is_woken(outgoing), "once");
        assert_eq!(sent(outgoing), [1, 2, 3, 4, 5]);
    }
}

#[test]
fn members_later_in_a_pass_are_sent_events_that_are_announced_meanwhile_together() {
    let (mut feed, queues) = large_feed();
    feed.insert(announced(renamed(1, 1)));
    assert_eq!(feed.serve(), ServeResult::TurnComplete);
    feed.insert(announced(renamed(1, 2)));
    feed.insert(announced(renamed(1, 3)));
    assert_eq!(feed.serve(), ServeResult::TurnComplete);
    let (first, later) = queues.split_at(MEMBERS_PER_TURN);
    assert!(first.iter().all(|it| sent(it) == [1]));
    assert!(later[..MEMBERS_PER_TURN].iter().all(|it| sent(it) == [1, 2, 3]));

    while feed.serve() == ServeResult::TurnComplete {}

    assert!(first.iter().all(|it| sent(it) == [2, 3]));
    assert!(later[MEMBERS_PER_TURN..].iter().all(|it| sent(it) == [1, 2, 3]));
    assert_eq!(feed.serve(), ServeResult::Complete);
    assert_eq!(taken(&queues), (0, 0), "every event was sent once");
}

#[test]
fn events_that_never_pause_reach_every_member() {
    let (mut feed, queues) = large_feed();
    let mut last = 0;
    let mut received = vec![Vec::new(); MEMBERS];
    for _ in 0..100 {
        last += 1;
        feed.insert(announced(renamed(1, last)));
        feed.serve();
        for (received, outgoing) in received.iter_mut().zip(&queues) {
            received.extend(sent(outgoing));
        }
        assert!(!feed.is_full(), "events that were sent to all members are not kept");
    }
    for received in received {
        assert!(received.len() > 90, "{} of {last}", received.len());
        assert_eq!(received, (1..=received.len() as u64).collect::<Vec<_>>());
    }
}

#[test]
fn members_that_join_or_leave_during_a_pass_miss_nothing_and_get_nothing_twice() {
    let (mut feed, queues) = large_feed();
    feed.insert(announced(renamed(1, 1)));
    assert_eq!(feed.serve(), ServeResult::TurnComplete);
    let (late, session) = (queue(), MEMBERS as u64);
    feed.add_member(session, Arc::clone(&late));
    assert_eq!(feed.catch_up(session, position(0)), CatchUpResult::Live);
    feed.remove_member(0);
    feed.remove_member(MEMBERS_PER_TURN as u64);
    feed.insert(announced(renamed(1, 2)));
    while feed.serve() == ServeResult::TurnComplete {}
    assert_eq!(sent(&late), [1, 2]);
    assert_eq!(sent(&queues[0]), [1], "it left after the first event");
    assert_eq!(sent(&queues[MEMBERS_PER_TURN]), Vec::<u64>::new(), "it left before");
    assert_eq!(sent(&queues[1]), [1, 2]);
    assert_eq!(sent(&queues[MEMBERS - 1]), [1, 2]);
}

#[test]
fn a_feed_accepts_no_more_events_than_its_members_may_be_sent_at_once() {
    let (mut feed, _queues) = large_feed();
    let accepted = (1..=1_000).take_while(|seq| {
        let accepts = !feed.is_full();
        if accepts {
            feed.insert(announced(renamed(1, *seq)));
        }
        accepts
    });
    assert_eq!(accepted.count(), 64, "a quarter of the queue of a member");
}
