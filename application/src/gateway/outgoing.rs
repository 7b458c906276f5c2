//! What waits to be written to one client: bounded in number and bytes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::{GatewaySettings, locked};
use crate::envelope::Encoded;

/// What a connection may always have waiting, even while the process is at its bound.
const FAIR_BYTES: usize = 64 * 1024;

/// What a transport does next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivered {
    /// Write these, in one go.
    Messages(Vec<Encoded>),
    /// Write nothing more, and close.
    Close(CloseReason),
}

/// Why the gateway ends a connection. The client connects again and resumes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CloseReason {
    /// The process ends; another one serves.
    GoingAway,
    /// The client did not take what was sent to it.
    TooSlow,
    /// The store has another history, as after a restored backup.
    HistoryChanged,
}

impl CloseReason {
    /// The code of the WebSocket close frame (RFC 6455, section 7.4).
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::TooSlow => 4001,
            Self::HistoryChanged => 4002,
        }
    }

    /// The reason in words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "going away",
            Self::TooSlow => "too slow",
            Self::HistoryChanged => "history changed",
        }
    }
}

/// The queue to one client. Whatever would pass its bounds closes it instead.
pub(super) struct Outgoing {
    queue: Mutex<Queue>,
    changed: Notify,
    taken: Notify,
    messages_max: usize,
    bytes_max: usize,
    total: Arc<AtomicUsize>,
    total_max: usize,
}

#[derive(Default)]
struct Queue {
    messages: VecDeque<Encoded>,
    bytes: usize,
    closed: Option<CloseReason>,
}

impl Outgoing {
    pub fn new(settings: &GatewaySettings, total: Arc<AtomicUsize>) -> Self {
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            taken: Notify::new(),
            messages_max: settings.outgoing_messages_max,
            bytes_max: settings.outgoing_bytes_max,
            total,
            total_max: settings.outgoing_bytes_total_max,
        }
    }

    /// Queues a message for a client that keeps up, or cuts one that does not.
    pub fn push(&self, message: Encoded) {
        let mut queue = locked(&self.queue);
        if queue.closed.is_some() {
            return;
        }
        if self.is_over(&queue, message.len()) {
            metrics::counter!("sockbit_cut_total").increment(1);
            self.finish(&mut queue, CloseReason::TooSlow);
        } else {
            self.put(&mut queue, message);
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Queues a message that the client asked for, once most of what waits has been taken.
    pub async fn push_when_room(&self, message: Encoded) {
        while !self.push_if_room(&message) {
            self.taken.notified().await;
        }
    }

    fn push_if_room(&self, message: &Encoded) -> bool {
        let mut queue = locked(&self.queue);
        if queue.closed.is_some() {
            return true;
        }
        if self.is_half_full(&queue) || self.is_over(&queue, message.len()) {
            return false;
        }
        self.put(&mut queue, message.clone());
        drop(queue);
        self.changed.notify_one();
        true
    }

    fn put(&self, queue: &mut Queue, message: Encoded) {
        self.total.fetch_add(message.len(), Ordering::Relaxed);
        queue.bytes += message.len();
        queue.messages.push_back(message);
    }

    /// Whether whoever writes to this client should have a turn before more is queued.
    pub fn needs_a_turn(&self) -> bool {
        let queue = locked(&self.queue);
        queue.closed.is_none() && self.is_half_full(&queue)
    }

    fn is_half_full(&self, queue: &Queue) -> bool {
        queue.messages.len() * 2 > self.messages_max || queue.bytes * 2 > self.bytes_max
    }

    pub fn close(&self, reason: CloseReason) {
        let mut queue = locked(&self.queue);
        if queue.closed.is_none() {
            self.finish(&mut queue, reason);
        }
        drop(queue);
        self.changed.notify_one();
    }

    /// Everything that waits; `None` where that is nothing.
    pub fn take(&self) -> Option<Delivered> {
        let mut queue = locked(&self.queue);
        if let Some(reason) = queue.closed {
            return Some(Delivered::Close(reason));
        }
        if queue.messages.is_empty() {
            return None;
        }
        let messages = std::mem::take(&mut queue.messages).into();
        self.total.fetch_sub(queue.bytes, Ordering::Relaxed);
        queue.bytes = 0;
        drop(queue);
        self.taken.notify_one();
        Some(Delivered::Messages(messages))
    }

    /// Waits until there may be something to do.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Wakes whoever waits for a change.
    pub fn nudge(&self) {
        self.changed.notify_one();
    }

    fn is_over(&self, queue: &Queue, more: usize) -> bool {
        let bytes = queue.bytes + more;
        let is_crowded = self.total.load(Ordering::Relaxed) + more > self.total_max;
        // A single message always fits, whatever its size: it is bounded where it is made.
        !queue.messages.is_empty()
            && (queue.messages.len() >= self.messages_max
                || bytes > self.bytes_max
                || (is_crowded && bytes > FAIR_BYTES))
    }

    fn finish(&self, queue: &mut Queue, reason: CloseReason) {
        queue.closed = Some(reason);
        self.total.fetch_sub(queue.bytes, Ordering::Relaxed);
        queue.bytes = 0;
        queue.messages = VecDeque::new();
        self.taken.notify_one();
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let bytes = locked(&self.queue).bytes;
        self.total.fetch_sub(bytes, Ordering::Relaxed);
    }
}
