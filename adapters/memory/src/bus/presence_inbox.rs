//! The bounded inbox of one gateway for presence updates.

use std::sync::Arc;

use sockbit_application::bounded_inbox::BoundedInbox;
use sockbit_application::bus_messages::PresenceUpdate;

/// The size of each update is bounded by its sender.
const UPDATES_MAX: usize = 256;

/// Drops the oldest updates if the gateway is too slow: every state is published again.
pub(super) struct PresenceInbox(BoundedInbox<Arc<PresenceUpdate>>);

impl Default for PresenceInbox {
    fn default() -> Self {
        Self(BoundedInbox::new(UPDATES_MAX, usize::MAX))
    }
}

impl PresenceInbox {
    pub fn push(&self, update: &Arc<PresenceUpdate>) {
        self.0.push(Arc::clone(update), 0);
    }

    /// Waits for the next update.
    pub async fn next(&self) -> PresenceUpdate {
        Arc::unwrap_or_clone(self.0.next_item().await)
    }
}
