//! The two clocks of a client. They diverge: users and NTP set the wall clock, and the monotonic
//! clock of a page starts at zero when the page is opened, and stops while the computer sleeps.

use std::time::Duration;

use sockbit_client::{MonotonicTime, Now};
use sockbit_domain::Timestamp;

/// How wrong a wall clock can be, in milliseconds.
const WALL_OFFSET_MAX: i64 = 6 * 60 * 60 * 1_000;

/// The offsets of both clocks from the time of the run.
#[derive(Default)]
pub(crate) struct ClientClocks {
    wall_ms: i64,
    monotonic_ms: i64,
}

impl ClientClocks {
    /// What the clocks show at a time of the run.
    pub fn now(&self, time: Timestamp) -> Now {
        Now {
            wall: Timestamp(time.0 + self.wall_ms),
            monotonic: MonotonicTime(time.0 + self.monotonic_ms),
        }
    }

    /// A page is opened.
    pub fn restart_monotonic(&mut self, time: Timestamp) {
        self.monotonic_ms = -time.0;
    }

    /// The wall clock is set forward, or back if `milliseconds` is negative.
    pub fn set_wall(&mut self, milliseconds: i64) {
        self.wall_ms = (self.wall_ms + milliseconds).clamp(-WALL_OFFSET_MAX, WALL_OFFSET_MAX);
    }

    /// The computer slept.
    pub fn slept(&mut self, duration: Duration) {
        self.monotonic_ms -= i64::try_from(duration.as_millis()).unwrap_or(0);
    }
}
