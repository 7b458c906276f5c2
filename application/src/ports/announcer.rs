//! The port through which the core sends events and outcomes to the gateways.

use super::{Confirm, Unavailable};
use crate::bus_messages::{Announcement, OutcomeEnvelope};

/// Publishes what the core decided.
///
/// Each call queues its messages before it returns, and they are published in the order of the
/// calls, of both methods together. Calls need not wait for the confirms of earlier ones.
#[cfg_attr(test, mockall::automock)]
pub trait Announcer: Send + Sync {
    /// Publishes events to every gateway that subscribes to their slot.
    fn announce(&self, batch: Vec<Announcement>) -> Confirm<Unavailable>;

    /// Sends each outcome to the address that its command came from.
    fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Confirm<Unavailable>;
}
