//! The port through which the core sends events and outcomes to the gateways.

use async_trait::async_trait;

use super::Unavailable;
use crate::bus_messages::{Announcement, OutcomeEnvelope};

/// Publishes what the core decided.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Announcer: Send + Sync {
    /// Publishes events to every gateway that subscribes to their slot.
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable>;

    /// Sends each outcome to the address that its command came from.
    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable>;
}
