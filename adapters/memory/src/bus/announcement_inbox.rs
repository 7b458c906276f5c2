//! The bounded inbox of one gateway for announcements and outcomes.

use std::sync::Arc;

use sockbit_application::bounded_inbox::{BoundedInbox, Received};
use sockbit_application::bus_messages::{Announcement, OutcomeEnvelope};
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::Incoming;

const MESSAGES_MAX: usize = 4_096;
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Drops the oldest messages if the gateway is too slow, and reports that as an interruption.
pub(super) struct AnnouncementInbox(BoundedInbox<Message>);

enum Message {
    /// Shared with the inboxes of other gateways.
    Announcement(Arc<Announcement>),
    Outcomes(Vec<OutcomeEnvelope>),
}

impl Default for AnnouncementInbox {
    fn default() -> Self {
        Self(BoundedInbox::new(MESSAGES_MAX, BYTES_MAX))
    }
}

impl AnnouncementInbox {
    /// Adds an announcement of this size.
    pub fn push_announcement(&self, announcement: &Arc<Announcement>, bytes: usize) {
        self.0.push(Message::Announcement(Arc::clone(announcement)), bytes);
    }

    /// Adds outcomes for this gateway.
    pub fn push_outcomes(&self, outcomes: Vec<OutcomeEnvelope>) {
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
