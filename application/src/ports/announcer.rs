//! The way of events and outcomes from the core to the gateways.

use async_trait::async_trait;

use super::Unavailable;
use crate::envelope::{Announcement, OutcomeEnvelope};

/// Tells the gateways what happened.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Announcer: Send + Sync {
    /// Tells every gateway that listens to the slot.
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable>;

    /// Tells each command's sender its outcome, at the address that the command came from.
    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable>;
}
