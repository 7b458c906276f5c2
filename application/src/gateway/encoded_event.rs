//! An event, encoded once for all clients.

use std::sync::Arc;

use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{BoardId, EventId, Position, Seq};

use super::feed_memory_budget::FeedMemoryBudget;
use super::server_message_encoding::encode;
use crate::bus_messages::{AnnouncedEvent, EncodedMessage};
use crate::trace_id::TraceId;

/// An event as it is sent to every client. Its bytes count towards a [`FeedMemoryBudget`] until it is
/// dropped.
pub(super) struct EncodedEvent {
    pub trace: TraceId,
    pub board: BoardId,
    pub from: Seq,
    pub seq: Seq,
    pub id: EventId,
    /// The id of the event right before it, if known.
    pub follows: Option<EventId>,
    pub encoded: EncodedMessage,
    budget: Arc<FeedMemoryBudget>,
}

impl EncodedEvent {
    pub fn new(announced: AnnouncedEvent, budget: &Arc<FeedMemoryBudget>) -> Self {
        let AnnouncedEvent { trace, follows, event } = announced;
        let (board, from, seq, id) = (event.board, event.from, event.seq, event.id);
        let encoded = encode(&ServerMessage::Event { event });
        budget.add(encoded.len());
        Self { trace, board, from, seq, id, follows, encoded, budget: Arc::clone(budget) }
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
        self.budget.subtract(self.bytes());
    }
}
