//! The way of events and outcomes into a gateway.

use async_trait::async_trait;

use super::Unavailable;
use crate::envelope::{Announcement, OutcomeEnvelope};
use crate::slot::Slot;

/// A gateway's ear on the bus.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Announcements: Send + Sync {
    /// From when this returns on, what is announced in the slot arrives, and as a rule what is told
    /// there by way of [`Presence`](super::Presence). Listening twice is once.
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable>;

    /// What is announced or told in the slot need no longer arrive.
    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable>;

    /// Waits for the next news. One caller at a time; `None` when the bus is closed for good.
    async fn next(&self) -> Option<Incoming>;
}

/// What a gateway hears.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// Events of boards in one slot.
    Announcement(Announcement),
    /// Outcomes of commands that this gateway sent.
    Outcomes(Vec<OutcomeEnvelope>),
    /// Something may have been missed, as after a reconnection: ask for the heads.
    Interrupted,
}
