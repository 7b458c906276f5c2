//! The message that carries the events of a slot, and the outcomes of their commands.

use serde::{Deserialize, Serialize};
use sockbit_application::bus_messages::{AnnouncedEvent, OutcomeEnvelope};
use sockbit_application::slot::Slot;

/// Events for all gateways that subscribe to the slot, and outcomes for the gateways that sent the
/// commands. Each gateway receives one copy, and discards what is not for it.
#[derive(Serialize, Deserialize)]
pub(crate) struct AnnouncementMessage {
    /// The slot of all the boards.
    pub slot: Slot,
    /// In the order of their numbers for each board.
    pub events: Vec<AnnouncedEvent>,
    /// Of boards in the slot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<OutcomeEnvelope>,
}
