//! What may wait for one client, and for all together.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

struct Queues {
    settings: GatewaySettings,
    total: Arc<AtomicUsize>,
}

impl Queues {
    fn of(settings: GatewaySettings) -> Self {
        Self { settings, total: Arc::default() }
    }

    fn queue(&self) -> OutgoingQueue {
        OutgoingQueue::new(&self.settings, Arc::clone(&self.total))
    }

    fn waiting_bytes(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }
}

fn message(bytes: usize) -> EncodedMessage {
    EncodedMessage::from(vec![b'x'; bytes])
}

fn fill(queue: &OutgoingQueue, messages: usize, bytes_each: usize) {
    for _ in 0..messages {
        queue.push(message(bytes_each));
    }
}

const CUT: Option<SessionOutput> = Some(SessionOutput::Close(CloseReason::TooSlow));

#[test]
fn as_many_messages_wait_as_may_and_the_next_cuts() {
    let queue = Queues::of(GatewaySettings::default()).queue();
    fill(&queue, 256, 1);
    assert!(matches!(queue.take(), Some(SessionOutput::Messages(it)) if it.len() == 256));
    fill(&queue, 257, 1);
    assert_eq!(queue.take(), CUT);
}

#[test]
fn as_many_bytes_wait_as_may_and_the_next_cuts() {
    let queue = Queues::of(GatewaySettings::default()).queue();
    fill(&queue, 4, 256 * 1024);
    assert!(matches!(queue.take(), Some(SessionOutput::Messages(it)) if it.len() == 4));
    queue.written();
    fill(&queue, 4, 256 * 1024);
    queue.push(message(1));
    assert_eq!(queue.take(), CUT);
}

#[test]
fn who_takes_what_waits_has_room_again() {
    let queue = Queues::of(GatewaySettings::default()).queue();
    for _ in 0..10 {
        fill(&queue, 256, 4096);
        let taken = queue.take();
        assert!(
            matches!(&taken, Some(SessionOutput::Messages(it)) if it.len() == 256),
            "{taken:?}"
        );
        queue.written();
    }
    assert_eq!(queue.take(), None);
}

#[test]
fn a_single_message_fits_whatever_its_size() {
    let queue = Queues::of(GatewaySettings::default()).queue();
    queue.push(message(5 * 1024 * 1024));
    assert!(matches!(queue.take(), Some(SessionOutput::Messages(_))));
}

#[test]
fn where_the_process_is_at_its_bound_only_who_has_more_than_a_fair_share_is_cut() {
    let settings =
        GatewaySettings { outgoing_bytes_total_max: 300 * 1024, ..GatewaySettings::default() };
    let queues = Queues::of(settings);
    let (greedy, modest) = (queues.queue(), queues.queue());
    fill(&greedy, 9, 32 * 1024);
    modest.push(message(8 * 1024));
    modest.push(message(8 * 1024));
    greedy.push(message(32 * 1024));
    assert_eq!(greedy.take(), CUT);
    assert!(matches!(modest.take(), Some(SessionOutput::Messages(_))));
}

#[test]
fn bytes_count_towards_the_process_until_written_cut_or_dropped() {
    let queues = Queues::of(GatewaySettings::default());
    let (taken, cut, dropped) = (queues.queue(), queues.queue(), queues.queue());
    for queue in [&taken, &cut, &dropped] {
        queue.push(message(1_000));
        queue.push(message(500));
    }
    assert_eq!(queues.waiting_bytes(), 4_500);
    taken.take();
    taken.writes(100);
    assert_eq!(queues.waiting_bytes(), 4_600, "they are being written");
    taken.written();
    assert_eq!(queues.waiting_bytes(), 3_000);
    cut.take();
    cut.push(message(10));
    cut.close(CloseReason::GoingAway);
    cut.push(message(10));
    assert_eq!(queues.waiting_bytes(), 3_000, "what is being written is there still");
    cut.written();
    assert_eq!(queues.waiting_bytes(), 1_500);
    dropped.take();
    dropped.push(message(10));
    drop(dropped);
    assert_eq!(queues.waiting_bytes(), 0);
}

#[test]
fn what_is_being_written_counts_towards_what_may_wait() {
    let queue = Queues::of(GatewaySettings::default()).queue();
    fill(&queue, 3, 256 * 1024);
    queue.take();
    fill(&queue, 1, 256 * 1024);
    assert!(matches!(queue.take(), Some(SessionOutput::Messages(_))), "there was room for it");
    queue.push(message(1));
    assert_eq!(queue.take(), CUT);
}

#[test]
fn a_large_message_fits_behind_others_that_leave_half_of_the_room() {
    let settings = GatewaySettings { outgoing_bytes_max: 64 * 1024, ..GatewaySettings::default() };
    let queues = Queues::of(settings);
    let (roomy, crowded) = (queues.queue(), queues.queue());
    fill(&roomy, 1, 30 * 1024);
    roomy.push(message(70 * 1024));
    assert!(matches!(roomy.take(), Some(SessionOutput::Messages(it)) if it.len() == 2));
    fill(&crowded, 1, 40 * 1024);
    crowded.push(message(70 * 1024));
    assert_eq!(crowded.take(), CUT);
}

#[test]
fn the_first_reason_to_close_stands() {
    let queue = Queues::of(GatewaySettings::default()).queue();
    queue.push(message(1));
    queue.close(CloseReason::GoingAway);
    queue.close(CloseReason::HistoryChanged);
    for _ in 0..2 {
        assert_eq!(queue.take(), Some(SessionOutput::Close(CloseReason::GoingAway)));
    }
}

#[tokio::test]
async fn what_was_asked_for_waits_for_room_and_does_not_cut() {
    let queue = Queues::of(GatewaySettings::default()).queue();
    fill(&queue, 200, 1);
    let mut asked = Box::pin(queue.push_when_room(message(2)));
    assert!(futures::poll!(&mut asked).is_pending());
    assert!(matches!(queue.take(), Some(SessionOutput::Messages(it)) if it.len() == 200));
    asked.await;
    assert!(matches!(queue.take(), Some(SessionOutput::Messages(it)) if it.len() == 1));
}

#[tokio::test]
async fn what_was_asked_for_does_not_cut_while_the_process_is_at_its_bound() {
    let settings =
        GatewaySettings { outgoing_bytes_total_max: 100 * 1024, ..GatewaySettings::default() };
    let queues = Queues::of(settings);
    let queue = queues.queue();
    queue.push(message(1));
    let mut asked = Box::pin(queue.push_when_room(message(192 * 1024)));
    assert!(futures::poll!(&mut asked).is_pending());
    assert!(matches!(queue.take(), Some(SessionOutput::Messages(_))));
    assert!(futures::poll!(&mut asked).is_pending(), "it is not written yet");
    queue.written();
    asked.await;
    assert!(matches!(queue.take(), Some(SessionOutput::Messages(_))));
}

#[tokio::test]
async fn whoever_waits_for_room_is_let_go_when_the_queue_is_closed() {
    let queue = Queues::of(GatewaySettings::default()).queue();
    fill(&queue, 200, 1);
    let mut asked = Box::pin(queue.push_when_room(message(2)));
    assert!(futures::poll!(&mut asked).is_pending());
    let mut easing = Box::pin(queue.eased());
    assert!(futures::poll!(&mut easing).is_pending());
    queue.close(CloseReason::GoingAway);
    assert!(futures::poll!(&mut asked).is_ready());
    assert!(futures::poll!(&mut easing).is_ready());
}

#[test]
fn close_codes_are_those_of_the_protocol() {
    let codes = [CloseReason::GoingAway, CloseReason::TooSlow, CloseReason::HistoryChanged];
    assert_eq!(codes.map(CloseReason::code), [1001, 4001, 4002]);
}
