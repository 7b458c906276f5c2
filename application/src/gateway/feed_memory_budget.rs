//! The memory budget of events in board feeds: for each board and for the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::settings::GatewaySettings;

/// Recent events that one feed caches for members that resume.
const EVENTS_MAX: usize = 128;

/// The limits of all feeds, and the bytes that they hold together.
pub(super) struct FeedMemoryBudget {
    /// Cached events of one board.
    pub events_max: usize,
    /// Cached bytes of one board. As many again may be held for events ahead of a gap.
    pub bytes_max: usize,
    total_max: usize,
    total: AtomicUsize,
}

impl FeedMemoryBudget {
    /// A member that resumes is sent all cached events at once, so they may fill at most half of
    /// its queue.
    pub fn new(settings: &GatewaySettings) -> Arc<Self> {
        Arc::new(Self {
            events_max: EVENTS_MAX.min(settings.outgoing_messages_max / 2),
            bytes_max: settings.feed_bytes_max.min(settings.outgoing_bytes_max / 2),
            total_max: settings.feed_bytes_total_max,
            total: AtomicUsize::new(0),
        })
    }

    /// Whether all feeds together hold more bytes than they may.
    pub fn is_exceeded(&self) -> bool {
        self.total.load(Ordering::Relaxed) > self.total_max
    }

    /// The bytes that each of so many feeds may hold if all get the same.
    pub fn share(&self, feeds: usize) -> usize {
        (self.total_max / feeds.max(1)).min(self.bytes_max)
    }

    pub fn add(&self, bytes: usize) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn subtract(&self, bytes: usize) {
        self.total.fetch_sub(bytes, Ordering::Relaxed);
    }
}
