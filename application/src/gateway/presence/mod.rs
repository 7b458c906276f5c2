//! Presence: which people are on which boards. It is shown to clients and exchanged between
//! gateways, and never stored. Lost updates are corrected by the next one, or expire.

mod board_presence;
mod deadline_queue;
mod presence_hub;
mod presence_merge;
mod presence_registry;

pub(super) use presence_hub::PresenceHub;
