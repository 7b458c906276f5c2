//! What waits to be written to one client: bounded in number and bytes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sockbit_domain::BoardId;
use tokio::sync::Notify;

use super::{GatewaySettings, locked};
use crate::envelope::EncodedMessage;

/// What a connection may always have waiting, even while the process is at its bound.
const FAIR_BYTES: usize = 64 * 1024;

/// What a transport does next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionOutput {
    /// Write these, in one go.
    Messages(Vec<EncodedMessage>),
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
    /// Its number in the protocol, for transports that end a connection with one.
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
pub(super) struct OutgoingQueue {
    queue: Mutex<Queue>,
    changed: Notify,
    /// Told whenever there may be room again.
    eased: Notify,
    messages_max: usize,
    bytes_max: usize,
    total: Arc<AtomicUsize>,
    total_max: usize,
}

#[derive(Default)]
struct Queue {
    messages: VecDeque<EncodedMessage>,
    /// The latest of each board's presence. It takes no room from messages, and waits for them.
    presence: BTreeMap<BoardId, EncodedMessage>,
    /// Of the messages, and of what is being written.
    bytes: usize,
    /// Of what was taken and is being written.
    bytes_in_flight: usize,
    /// Whether whoever writes was given a turn since it took something.
    had_turn: bool,
    closed: Option<CloseReason>,
}

impl OutgoingQueue {
    pub fn new(settings: &GatewaySettings, total: Arc<AtomicUsize>) -> Self {
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            eased: Notify::new(),
            messages_max: settings.outgoing_messages_max,
            bytes_max: settings.outgoing_bytes_max,
            total,
            total_max: settings.outgoing_bytes_total_max,
        }
    }

    /// Queues a message for a client that keeps up, or cuts one that does not.
    pub fn push(&self, message: EncodedMessage) {
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
    pub async fn push_when_room(&self, message: EncodedMessage) {
        loop {
            // Begun before the look, so that no room is made unnoticed in between.
            let eased = self.eased.notified();
            if self.push_if_room(&message) {
                return;
            }
            eased.await;
        }
    }

    /// Waits until most of what waits is written, or nothing will be any more.
    pub async fn eased(&self) {
        loop {
            let eased = self.eased.notified();
            if !self.is_crowded() {
                return;
            }
            eased.await;
        }
    }

    /// Shows who is at a board, when there is nothing better to write; a later word takes the place
    /// of one that waits.
    pub fn show(&self, board: BoardId, presence: EncodedMessage) {
        let mut queue = locked(&self.queue);
        if queue.closed.is_none() {
            queue.presence.insert(board, presence);
            drop(queue);
            self.changed.notify_one();
        }
    }

    /// What waits to be shown of a board is not to be shown any more.
    pub fn hide(&self, board: BoardId) {
        locked(&self.queue).presence.remove(&board);
    }

    fn push_if_room(&self, message: &EncodedMessage) -> bool {
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

    fn put(&self, queue: &mut Queue, message: EncodedMessage) {
        self.total.fetch_add(message.len(), Ordering::Relaxed);
        queue.bytes += message.len();
        queue.messages.push_back(message);
    }

    /// Whether whoever writes to this client should have a turn before more is queued. One who
    /// had it and did not take what waits has no other, so that nobody waits for those who sleep.
    pub fn needs_a_turn(&self) -> bool {
        let mut queue = locked(&self.queue);
        let is_crowded = queue.closed.is_none() && self.is_half_full(&queue);
        is_crowded && !std::mem::replace(&mut queue.had_turn, true)
    }

    /// Whether more than half of what may wait does.
    pub fn is_crowded(&self) -> bool {
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

    /// Everything that waits; `None` where that is nothing. Its bytes count until they are
    /// [written](Self::written).
    pub fn take(&self) -> Option<SessionOutput> {
        let mut queue = locked(&self.queue);
        if let Some(reason) = queue.closed {
            return Some(SessionOutput::Close(reason));
        }
        let is_crowded = self.is_half_full(&queue);
        let mut messages: Vec<EncodedMessage> = std::mem::take(&mut queue.messages).into();
        if !is_crowded {
            messages.extend(std::mem::take(&mut queue.presence).into_values());
        }
        if messages.is_empty() {
            return None;
        }
        queue.bytes_in_flight = queue.bytes;
        queue.had_turn = false;
        drop(queue);
        self.eased.notify_waiters();
        Some(SessionOutput::Messages(messages))
    }

    /// So many bytes are written that never waited here.
    pub fn writes(&self, bytes: usize) {
        let mut queue = locked(&self.queue);
        queue.bytes += bytes;
        queue.bytes_in_flight += bytes;
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What was taken has been written. Whether there was any.
    pub fn written(&self) -> bool {
        let mut queue = locked(&self.queue);
        let bytes = std::mem::take(&mut queue.bytes_in_flight);
        queue.bytes -= bytes;
        self.total.fetch_sub(bytes, Ordering::Relaxed);
        drop(queue);
        self.eased.notify_waiters();
        bytes > 0
    }

    /// Waits until this was closed because the client does not take what it is sent. It may take the
    /// place of [`Self::changed`], after which the queue is looked at anyway.
    pub async fn closed_as_too_slow(&self) {
        while locked(&self.queue).closed != Some(CloseReason::TooSlow) {
            self.changed.notified().await;
        }
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
        let is_process_full = self.total.load(Ordering::Relaxed) + more > self.total_max;
        // A single message always fits, whatever its size: it is bounded where it is made. And it
        // fits behind others that leave half of the room, or small bounds would cut who keeps up.
        let is_full = bytes > self.bytes_max && self.is_half_full(queue);
        queue.bytes > 0
            && (queue.messages.len() >= self.messages_max
                || is_full
                || (is_process_full && bytes > FAIR_BYTES))
    }

    fn finish(&self, queue: &mut Queue, reason: CloseReason) {
        queue.closed = Some(reason);
        queue.messages = VecDeque::new();
        queue.presence = BTreeMap::new();
        self.total.fetch_sub(queue.bytes - queue.bytes_in_flight, Ordering::Relaxed);
        queue.bytes = queue.bytes_in_flight;
        self.eased.notify_waiters();
    }
}

impl Drop for OutgoingQueue {
    fn drop(&mut self) {
        let bytes = locked(&self.queue).bytes;
        self.total.fetch_sub(bytes, Ordering::Relaxed);
    }
}
