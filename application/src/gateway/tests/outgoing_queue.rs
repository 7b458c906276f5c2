//! The bounds of one outgoing queue, and of all together.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::gateway::outgoing_queue::OutgoingQueue;

struct Queues {
    settings: GatewaySettings,
    total: Arc<AtomicUsize>,
}

impl Queues {
    fn new(settings: GatewaySettings) -> Self {
        Self { settings, total: Arc::default() }
    }

    fn queue(&self) -> OutgoingQueue {
        OutgoingQueue::new(&self.settings, Arc::clone(&self.total))
    }

    fn total_bytes(&self) -> usize {
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

const CLOSED: Option<TransportOutput> = Some(TransportOutput::Close(CloseReason::TooSlow));

#[test]
fn a_message_over_the_maximum_number_closes_the_queue() {
    let queue = Queues::new(GatewaySettings::default()).queue();
    fill(&queue, 256, 1);
    assert!(matches!(queue.take(), Some(TransportOutput::Messages(it)) if it.len() == 256));
    fill(&queue, 257, 1);
    assert_eq!(queue.take(), CLOSED);
}

#[test]
fn a_message_over_the_maximum_bytes_closes_the_queue() {
    let queue = Queues::new(GatewaySettings::default()).queue();
    fill(&queue, 4, 256 * 1024);
    assert!(matches!(queue.take(), Some(TransportOutput::Messages(it)) if it.len() == 4));
    queue.complete_write();
    fill(&queue, 4, 256 * 1024);
    queue.push(message(1));
    assert_eq!(queue.take(), CLOSED);
}

#[test]
fn a_queue_that_is_read_never_fills_up() {
    let queue = Queues::new(GatewaySettings::default()).queue();
    for _ in 0..10 {
        fill(&queue, 256, 4096);
        let taken = queue.take();
        assert!(
            matches!(&taken, Some(TransportOutput::Messages(it)) if it.len() == 256),
            "{taken:?}"
        );
        queue.complete_write();
    }
    assert_eq!(queue.take(), None);
}

#[test]
fn a_message_of_any_size_fits_an_empty_queue() {
    let queue = Queues::new(GatewaySettings::default()).queue();
    queue.push(message(5 * 1024 * 1024));
    assert!(matches!(queue.take(), Some(TransportOutput::Messages(_))));
}

#[test]
fn at_the_limit_of_the_process_only_queues_over_the_guaranteed_bytes_are_closed() {
    let settings =
        GatewaySettings { outgoing_bytes_total_max: 300 * 1024, ..GatewaySettings::default() };
    let queues = Queues::new(settings);
    let (large, small) = (queues.queue(), queues.queue());
    fill(&large, 9, 32 * 1024);
    small.push(message(8 * 1024));
    small.push(message(8 * 1024));
    large.push(message(32 * 1024));
    assert_eq!(large.take(), CLOSED);
    assert!(matches!(small.take(), Some(TransportOutput::Messages(_))));
}

#[test]
fn bytes_count_towards_the_process_until_written_closed_or_dropped() {
    let queues = Queues::new(GatewaySettings::default());
    let (taken, closed, dropped) = (queues.queue(), queues.queue(), queues.queue());
    for queue in [&taken, &closed, &dropped] {
        queue.push(message(1_000));
        queue.push(message(500));
    }
    assert_eq!(queues.total_bytes(), 4_500);
    taken.take();
    taken.add_in_flight(100);
    assert_eq!(queues.total_bytes(), 4_600, "these bytes are being written");
    taken.complete_write();
    assert_eq!(queues.total_bytes(), 3_000);
    closed.take();
    closed.push(message(10));
    closed.close(CloseReason::GoingAway);
    closed.push(message(10));
    assert_eq!(queues.total_bytes(), 3_000, "bytes in flight still count");
    closed.complete_write();
    assert_eq!(queues.total_bytes(), 1_500);
    dropped.take();
    dropped.push(message(10));
    drop(dropped);
    assert_eq!(queues.total_bytes(), 0);
}

#[test]
fn bytes_in_flight_count_towards_the_bound() {
    let queue = Queues::new(GatewaySettings::default()).queue();
    fill(&queue, 3, 256 * 1024);
    queue.take();
    fill(&queue, 1, 256 * 1024);
    assert!(matches!(queue.take(), Some(TransportOutput::Messages(_))), "it was within the bound");
    queue.push(message(1));
    assert_eq!(queue.take(), CLOSED);
}

#[test]
fn a_large_message_fits_a_queue_below_the_high_water_mark() {
    let settings = GatewaySettings { outgoing_bytes_max: 64 * 1024, ..GatewaySettings::default() };
    let queues = Queues::new(settings);
    let (below, over) = (queues.queue(), queues.queue());
    fill(&below, 1, 30 * 1024);
    below.push(message(70 * 1024));
    assert!(matches!(below.take(), Some(TransportOutput::Messages(it)) if it.len() == 2));
    fill(&over, 1, 40 * 1024);
    over.push(message(70 * 1024));
    assert_eq!(over.take(), CLOSED);
}

#[test]
fn the_first_close_reason_is_kept() {
    let queue = Queues::new(GatewaySettings::default()).queue();
    queue.push(message(1));
    queue.close(CloseReason::GoingAway);
    queue.close(CloseReason::HistoryChanged);
    for _ in 0..2 {
        assert_eq!(queue.take(), Some(TransportOutput::Close(CloseReason::GoingAway)));
    }
}

#[tokio::test]
async fn a_reply_waits_until_the_queue_has_drained() {
    let queue = Queues::new(GatewaySettings::default()).queue();
    fill(&queue, 200, 1);
    let mut reply = Box::pin(queue.push_when_drained(message(2)));
    assert!(futures::poll!(&mut reply).is_pending());
    assert!(matches!(queue.take(), Some(TransportOutput::Messages(it)) if it.len() == 200));
    reply.await;
    assert!(matches!(queue.take(), Some(TransportOutput::Messages(it)) if it.len() == 1));
}

#[tokio::test]
async fn a_reply_waits_while_the_limit_of_the_process_is_reached() {
    let settings =
        GatewaySettings { outgoing_bytes_total_max: 100 * 1024, ..GatewaySettings::default() };
    let queues = Queues::new(settings);
    let queue = queues.queue();
    queue.push(message(1));
    let mut reply = Box::pin(queue.push_when_drained(message(192 * 1024)));
    assert!(futures::poll!(&mut reply).is_pending());
    assert!(matches!(queue.take(), Some(TransportOutput::Messages(_))));
    assert!(futures::poll!(&mut reply).is_pending(), "the bytes in flight still count");
    queue.complete_write();
    reply.await;
    assert!(matches!(queue.take(), Some(TransportOutput::Messages(_))));
}

#[tokio::test]
async fn closing_a_queue_ends_all_waits() {
    let queue = Queues::new(GatewaySettings::default()).queue();
    fill(&queue, 200, 1);
    let mut reply = Box::pin(queue.push_when_drained(message(2)));
    assert!(futures::poll!(&mut reply).is_pending());
    let mut drained = Box::pin(queue.drained());
    assert!(futures::poll!(&mut drained).is_pending());
    queue.close(CloseReason::GoingAway);
    assert!(futures::poll!(&mut reply).is_ready());
    assert!(futures::poll!(&mut drained).is_ready());
}

#[test]
fn close_codes_are_those_of_the_protocol() {
    let codes = [CloseReason::GoingAway, CloseReason::TooSlow, CloseReason::HistoryChanged];
    assert_eq!(codes.map(CloseReason::code), [1001, 4001, 4002]);
}
