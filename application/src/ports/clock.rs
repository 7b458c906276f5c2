//! The time of day.

use sockbit_domain::Timestamp;

/// Tells the wall-clock time, for the record. Deadlines and delays use the runtime's timers.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
