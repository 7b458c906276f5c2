//! The way of presence from gateway to gateway.

use async_trait::async_trait;

use crate::envelope::PresenceUpdate;

/// What gateways tell each other of the people at their boards. It has a way of its own, so that
/// however much is told, no news is lost or waits. Whatever of it is lost is told again.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Tells the gateways that listen to the slot, this one perhaps among them. What the bus does
    /// not take at once is dropped.
    async fn publish(&self, presences: PresenceUpdate);

    /// Waits for what is told next in a slot that is listened to. One caller at a time; `None` when
    /// the bus is closed for good.
    async fn next_update(&self) -> Option<PresenceUpdate>;
}
