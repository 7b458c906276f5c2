//! The port through which the core sends events and outcomes to the gateways.

use super::{Confirm, Unavailable};
use crate::bus_messages::{Announcement, OutcomeEnvelope};

/// Publishes what the core decided.
#[cfg_attr(test, mockall::automock)]
pub trait Announcer: Send + Sync {
    /// Publishes events to every gateway that subscribes to their slot, and sends each outcome to the
    /// address that its command came from.
    ///
    /// A call queues its messages before it returns, and they are published in the order of the
    /// calls; the events of a board before the outcomes of the same call for it. Calls need not wait
    /// for the confirms of earlier ones.
    fn publish(
        &self,
        announcements: Vec<Announcement>,
        outcomes: Vec<OutcomeEnvelope>,
    ) -> Confirm<Unavailable>;
}
