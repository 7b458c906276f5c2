//! The time of day.

use std::time::Duration;

use sockbit_domain::Timestamp;

/// Tells the wall-clock time, for the record. Deadlines and delays use the runtime's timers.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// The time that was so long ago.
    fn ago(&self, time: Duration) -> Timestamp {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.now().0.saturating_sub(millis))
    }
}
