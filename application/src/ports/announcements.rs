//! The port through which a gateway receives events and outcomes.

use async_trait::async_trait;

use super::Unavailable;
use crate::bus_messages::{Announcement, OutcomeEnvelope};
use crate::slot::Slot;

/// What a gateway receives from the bus.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Announcements: Send + Sync {
    /// Subscribes to a slot. What is announced in it after this returns is received, and as a rule
    /// the slot's [`Presence`](super::Presence) as well. Idempotent.
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable>;

    /// Unsubscribes from a slot and its presence.
    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable>;

    /// Waits for the next message. One caller at a time; `None` when the bus is closed for good.
    async fn next(&self) -> Option<Incoming>;
}

/// A message from the bus to a gateway.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// Events of boards in one slot.
    Announcement(Announcement),
    /// Outcomes of commands that this gateway sent.
    Outcomes(Vec<OutcomeEnvelope>),
    /// Messages may have been lost, as after a reconnection: compare the heads.
    Interrupted,
}
