//! The event hub: delivers the events of all boards that sessions of this gateway have joined.

mod event_hub;
mod gap_filler;
mod head_comparison;
mod log_page_conversion;
mod slot_subscriptions;

pub(super) use event_hub::{EventHub, Page};
