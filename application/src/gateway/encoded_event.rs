//! Events that feeds hold, each encoded once, and the room that they take: bounded for each board
//! and for the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{BoardId, EventId, Position, Seq};

use super::{GatewaySettings, encode};
use crate::envelope::{AnnouncedEvent, EncodedMessage};
use crate::trace::TraceId;

/// Events that one feed keeps for those who resume.
const EVENTS_MAX: usize = 128;

/// The bounds of all feeds, and what they hold together.
pub(super) struct MemoryBudget {
    /// Events of one board that are kept.
    pub events_max: usize,
    /// Their bytes; as many again may wait behind a gap.
    pub bytes_max: usize,
    total_max: usize,
    total: AtomicUsize,
}

impl MemoryBudget {
    /// Whoever resumes is sent what is kept at one go, so that has to fit its queue with ease.
    pub fn new(settings: &GatewaySettings) -> Arc<Self> {
        Arc::new(Self {
            events_max: EVENTS_MAX.min(settings.outgoing_messages_max / 2),
            bytes_max: settings.feed_bytes_max.min(settings.outgoing_bytes_max / 2),
            total_max: settings.feed_bytes_total_max,
            total: AtomicUsize::new(0),
        })
    }

    /// Whether all feeds together hold more than they may.
    pub fn is_over(&self) -> bool {
        self.total.load(Ordering::Relaxed) > self.total_max
    }

    /// What each of so many feeds may hold so that none is left without.
    pub fn share(&self, feeds: usize) -> usize {
        (self.total_max / feeds.max(1)).min(self.bytes_max)
    }
}

/// An event as every client gets it. It takes room until it is dropped.
pub(super) struct EncodedEvent {
    pub trace: TraceId,
    pub board: BoardId,
    pub from: Seq,
    pub seq: Seq,
    pub id: EventId,
    /// The event right before it, where that was told.
    pub follows: Option<EventId>,
    pub encoded: EncodedMessage,
    room: Arc<MemoryBudget>,
}

impl EncodedEvent {
    pub fn new(announced: AnnouncedEvent, room: &Arc<MemoryBudget>) -> Self {
        let AnnouncedEvent { trace, follows, event } = announced;
        let (board, from, seq, id) = (event.board, event.from, event.seq, event.id);
        let encoded = encode(&ServerMessage::Event { event });
        room.total.fetch_add(encoded.len(), Ordering::Relaxed);
        Self { trace, board, from, seq, id, follows, encoded, room: Arc::clone(room) }
    }

    pub fn position(&self) -> Position {
        Position { seq: self.seq, event: self.id }
    }

    pub fn bytes(&self) -> usize {
        self.encoded.len()
    }
}

impl Drop for EncodedEvent {
    fn drop(&mut self) {
        self.room.total.fetch_sub(self.bytes(), Ordering::Relaxed);
    }
}
