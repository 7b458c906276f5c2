//! The port through which gateways exchange presence.

use async_trait::async_trait;

use crate::bus_messages::PresenceUpdate;

/// Presence updates between gateways. They travel apart from announcements, so that no amount of
/// presence delays or drops an event. A lost update is repaired by a later one.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Publishes to the gateways that subscribe to the slot, perhaps including this one. Updates
    /// that the bus does not accept at once are dropped.
    async fn publish(&self, update: PresenceUpdate);

    /// Waits for the next update in a subscribed slot. One caller at a time; `None` when the bus is
    /// closed for good.
    async fn next_update(&self) -> Option<PresenceUpdate>;
}
