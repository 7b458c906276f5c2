//! The time and fresh ids: what the machine takes from outside.

use serde::Serialize;
use sockbit_domain::{MessageId, Timestamp};
use uuid::Uuid;

/// Milliseconds of a clock that only goes forward, from an arbitrary start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct MonotonicTime(pub i64);

/// The time on two clocks.
///
/// NTP and users set the wall clock back and forth, so pauses and resends use the monotonic clock.
/// Only what outlives the process, or is shown as a date, uses the wall clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Milliseconds since 1970.
    pub wall: Timestamp,
    /// For pauses, resends and ages within this process.
    pub monotonic: MonotonicTime,
}

/// The time and a source of ids, for one call of the machine.
pub struct ClockAndIds<'a> {
    /// The time of the call.
    pub now: Now,
    /// Returns a fresh id each time.
    pub mint: &'a mut dyn FnMut() -> Uuid,
}

impl ClockAndIds<'_> {
    pub(crate) fn message_id(&mut self) -> MessageId {
        MessageId((self.mint)())
    }
}

impl MonotonicTime {
    pub(crate) fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds since an earlier time.
    pub(crate) fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Now {
    /// When something of this wall time was on the monotonic clock. An earlier process may have
    /// recorded it; if the wall clock was set back since, it counts as new.
    pub(crate) fn monotonic_of(&self, wall: Timestamp) -> MonotonicTime {
        let age = self.wall.0.saturating_sub(wall.0).max(0);
        MonotonicTime(self.monotonic.0.saturating_sub(age))
    }
}
