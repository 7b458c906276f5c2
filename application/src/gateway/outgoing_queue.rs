//! The queue of messages to one client, bounded in number and bytes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sockbit_domain::BoardId;
use tokio::sync::Notify;

use super::close_reason::CloseReason;
use super::settings::GatewaySettings;
use super::transport_output::TransportOutput;
use crate::bus_messages::EncodedMessage;
use crate::mutex::locked;

/// The bytes that a connection may always have queued, even if the limit of the process is reached.
const GUARANTEED_BYTES: usize = 64 * 1024;

/// The queue to one client. A message over its bounds closes it.
pub(super) struct OutgoingQueue {
    queue: Mutex<Queue>,
    changed: Notify,
    /// Notified whenever messages were taken or written, or the queue was closed.
    drained: Notify,
    messages_max: usize,
    bytes_max: usize,
    total: Arc<AtomicUsize>,
    total_max: usize,
}

#[derive(Default)]
struct Queue {
    messages: VecDeque<EncodedMessage>,
    /// The latest presence of each board. It is sent after the messages and does not count.
    presence: BTreeMap<BoardId, EncodedMessage>,
    /// Bytes of the messages, and of those being written.
    bytes: usize,
    /// Bytes that were taken and are being written.
    bytes_in_flight: usize,
    /// Whether [`OutgoingQueue::must_yield`] returned true since messages were last taken.
    has_yielded: bool,
    closed: Option<CloseReason>,
}

impl OutgoingQueue {
    pub fn new(settings: &GatewaySettings, total: Arc<AtomicUsize>) -> Self {
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            drained: Notify::new(),
            messages_max: settings.outgoing_messages_max,
            bytes_max: settings.outgoing_bytes_max,
            total,
            total_max: settings.outgoing_bytes_total_max,
        }
    }

    /// Queues a message, or closes the queue as too slow if the message exceeds its bounds.
    pub fn push(&self, message: EncodedMessage) {
        let mut queue = locked(&self.queue);
        if queue.closed.is_some() {
            return;
        }
        self.append_or_close(&mut queue, message);
        drop(queue);
        self.changed.notify_one();
    }

    /// Queues messages in order, as [`Self::push`] does, and wakes the transport once.
    pub fn push_all<'a>(&self, messages: impl Iterator<Item = &'a EncodedMessage>) {
        let mut queue = locked(&self.queue);
        let mut is_changed = false;
        for message in messages {
            if queue.closed.is_some() {
                break;
            }
            self.append_or_close(&mut queue, message.clone());
            is_changed = true;
        }
        drop(queue);
        if is_changed {
            self.changed.notify_one();
        }
    }

    fn append_or_close(&self, queue: &mut Queue, message: EncodedMessage) {
        if self.would_overflow(queue, message.len()) {
            metrics::counter!("sockbit_cut_total").increment(1);
            self.close_queue(queue, CloseReason::TooSlow);
        } else {
            self.append(queue, message);
        }
    }

    /// Waits until the queue has drained, and then queues a message. For replies: a client that
    /// sends many requests is slowed down, not closed.
    pub async fn push_when_drained(&self, message: EncodedMessage) {
        loop {
            // Registered before the check, so that no notification is missed in between.
            let drained = self.drained.notified();
            if self.try_push(&message) {
                return;
            }
            drained.await;
        }
    }

    /// Queues a message unless the queue is over the high-water mark. On a closed queue it
    /// succeeds and does nothing.
    fn try_push(&self, message: &EncodedMessage) -> bool {
        let mut queue = locked(&self.queue);
        if queue.closed.is_some() {
            return true;
        }
        if self.is_over(&queue) || self.would_overflow(&queue, message.len()) {
            return false;
        }
        self.append(&mut queue, message.clone());
        drop(queue);
        self.changed.notify_one();
        true
    }

    fn append(&self, queue: &mut Queue, message: EncodedMessage) {
        self.total.fetch_add(message.len(), Ordering::Relaxed);
        queue.bytes += message.len();
        queue.messages.push_back(message);
    }

    /// Sets the presence of a board, to be sent when no messages are queued. It replaces the
    /// presence that has not been sent yet.
    pub fn set_presence(&self, board: BoardId, presence: EncodedMessage) {
        let mut queue = locked(&self.queue);
        if queue.closed.is_none() {
            queue.presence.insert(board, presence);
            drop(queue);
            self.changed.notify_one();
        }
    }

    /// Discards the presence of a board that has not been sent yet.
    pub fn discard_presence(&self, board: BoardId) {
        locked(&self.queue).presence.remove(&board);
    }

    /// Whether the producer must yield to the transport before it queues more.
    ///
    /// True once while the queue is over the high-water mark; again only after the transport has
    /// taken messages. So a client that does not read delays no other client twice.
    pub fn must_yield(&self) -> bool {
        let mut queue = locked(&self.queue);
        let is_over = queue.closed.is_none() && self.is_over(&queue);
        is_over && !std::mem::replace(&mut queue.has_yielded, true)
    }

    /// Whether an open queue is over its high-water mark, which is half of its bounds.
    pub fn is_over_high_water_mark(&self) -> bool {
        let queue = locked(&self.queue);
        queue.closed.is_none() && self.is_over(&queue)
    }

    fn is_over(&self, queue: &Queue) -> bool {
        queue.messages.len() * 2 > self.messages_max || queue.bytes * 2 > self.bytes_max
    }

    /// Waits until the queue is not over its high-water mark, or is closed.
    pub async fn drained(&self) {
        loop {
            let drained = self.drained.notified();
            if !self.is_over_high_water_mark() {
                return;
            }
            drained.await;
        }
    }

    fn would_overflow(&self, queue: &Queue, more: usize) -> bool {
        let bytes = queue.bytes + more;
        let is_process_full = self.total.load(Ordering::Relaxed) + more > self.total_max;
        // A message fits an empty queue whatever its size, since messages are bounded where they
        // are made. It also fits a queue that has drained; otherwise small bounds would close
        // queues of clients that keep up.
        let is_queue_full = bytes > self.bytes_max && self.is_over(queue);
        queue.bytes > 0
            && (queue.messages.len() >= self.messages_max
                || is_queue_full
                || (is_process_full && bytes > GUARANTEED_BYTES))
    }

    /// Closes the queue, unless it is closed already, and discards its messages.
    pub fn close(&self, reason: CloseReason) {
        let mut queue = locked(&self.queue);
        if queue.closed.is_none() {
            self.close_queue(&mut queue, reason);
        }
        drop(queue);
        self.changed.notify_one();
    }

    fn close_queue(&self, queue: &mut Queue, reason: CloseReason) {
        queue.closed = Some(reason);
        queue.messages = VecDeque::new();
        queue.presence = BTreeMap::new();
        self.total.fetch_sub(queue.bytes - queue.bytes_in_flight, Ordering::Relaxed);
        queue.bytes = queue.bytes_in_flight;
        self.drained.notify_waiters();
    }

    /// Takes everything that is queued; `None` if that is nothing. The bytes count until
    /// [`Self::complete_write`] is called.
    pub fn take(&self) -> Option<TransportOutput> {
        let mut queue = locked(&self.queue);
        if let Some(reason) = queue.closed {
            return Some(TransportOutput::Close(reason));
        }
        let was_over = self.is_over(&queue);
        let mut messages: Vec<EncodedMessage> = std::mem::take(&mut queue.messages).into();
        if !was_over {
            messages.extend(std::mem::take(&mut queue.presence).into_values());
        }
        if messages.is_empty() {
            return None;
        }
        queue.bytes_in_flight = queue.bytes;
        queue.has_yielded = false;
        drop(queue);
        self.drained.notify_waiters();
        Some(TransportOutput::Messages(messages))
    }

    /// Counts bytes that are written without having been queued.
    pub fn add_in_flight(&self, bytes: usize) {
        let mut queue = locked(&self.queue);
        queue.bytes += bytes;
        queue.bytes_in_flight += bytes;
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Ends the count of the bytes in flight: they are written. Returns whether there were any.
    pub fn complete_write(&self) -> bool {
        let mut queue = locked(&self.queue);
        let bytes = std::mem::take(&mut queue.bytes_in_flight);
        queue.bytes -= bytes;
        self.total.fetch_sub(bytes, Ordering::Relaxed);
        drop(queue);
        self.drained.notify_waiters();
        bytes > 0
    }

    /// Waits until the queue is closed as too slow. It may consume a notification for
    /// [`Self::changed`], whose callers check the queue afterwards in any case.
    pub async fn closed_as_too_slow(&self) {
        while locked(&self.queue).closed != Some(CloseReason::TooSlow) {
            self.changed.notified().await;
        }
    }

    /// Waits until messages were queued, the queue was closed, or [`Self::wake`] was called.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Wakes the caller of [`Self::changed`].
    pub fn wake(&self) {
        self.changed.notify_one();
    }
}

impl Drop for OutgoingQueue {
    fn drop(&mut self) {
        let bytes = locked(&self.queue).bytes;
        self.total.fetch_sub(bytes, Ordering::Relaxed);
    }
}
