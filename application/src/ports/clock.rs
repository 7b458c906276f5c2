//! The wall clock.

use std::time::Duration;

use sockbit_domain::Timestamp;

/// Reads the wall-clock time for timestamps. Deadlines and delays use the runtime's timers.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// The time `duration` before now.
    fn ago(&self, duration: Duration) -> Timestamp {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.now().0.saturating_sub(millis))
    }
}
