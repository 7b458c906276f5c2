//! The bounded inbox of one gateway: announcements and outcomes that it has not received yet.

use std::sync::Arc;

use sockbit_application::bounded_inbox::{BoundedInbox, Received};
use sockbit_application::envelope::{Announcement, OutcomeEnvelope};
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::Incoming;

const MESSAGES_MAX: usize = 4_096;
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Drops the oldest messages if the gateway is too slow, and interrupts it.
pub(super) struct Inbox(BoundedInbox<Message>);

/// An incoming message. Announcements are shared with the other gateways.
enum Message {
    Announcement(Arc<Announcement>),
    Outcomes(Vec<OutcomeEnvelope>),
}

impl Default for Inbox {
    fn default() -> Self {
        Self(BoundedInbox::new(MESSAGES_MAX, BYTES_MAX))
    }
}

impl Inbox {
    /// Adds an announcement of this size.
    pub fn announced(&self, announcement: &Arc<Announcement>, bytes: usize) {
        self.0.push(Message::Announcement(Arc::clone(announcement)), bytes);
    }

    /// Adds outcomes for this gateway.
    pub fn answered(&self, outcomes: Vec<OutcomeEnvelope>) {
        let bytes = json_bytes(&outcomes);
        self.0.push(Message::Outcomes(outcomes), bytes);
    }

    /// Waits for the next message.
    pub async fn next(&self) -> Incoming {
        match self.0.next().await {
            Received::Item(Message::Announcement(announcement)) => {
                Incoming::Announcement(Arc::unwrap_or_clone(announcement))
            }
            Received::Item(Message::Outcomes(outcomes)) => Incoming::Outcomes(outcomes),
            Received::Overflowed => Incoming::Interrupted,
        }
    }
}
