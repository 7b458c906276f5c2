//! The state that all ends of a faulty bus share.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

use sockbit_application::bus_messages::{CoreReply, OutcomeEnvelope, PresenceUpdate};
use tokio::sync::Notify;

use super::fault::BusFault;

/// Shared by all ports of a faulty bus.
pub(super) struct SharedState {
    pub(super) fault: BusFault,
    pub(super) gateways: AtomicU64,
    /// Outcomes that every gateway receives.
    pub(super) outcomes: Mutex<Vec<OutcomeEnvelope>>,
    pub(super) last_reply: Mutex<Option<CoreReply>>,
    pub(super) changed: Notify,
    /// Presence updates, if the fault keeps all of them.
    pub(super) presence_updates: Mutex<VecDeque<PresenceUpdate>>,
    pub(super) presence_count: AtomicUsize,
    /// Whether a query was cancelled.
    pub(super) was_cancelled: AtomicBool,
    pub(super) is_closed: AtomicBool,
}

impl SharedState {
    pub(super) fn new(fault: BusFault) -> Self {
        Self {
            fault,
            gateways: AtomicU64::new(0),
            outcomes: Mutex::default(),
            last_reply: Mutex::default(),
            changed: Notify::new(),
            presence_updates: Mutex::default(),
            presence_count: AtomicUsize::new(0),
            was_cancelled: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        }
    }
}
