//! Waiting for a condition, with a deadline.

use std::thread::sleep;
use std::time::{Duration, Instant};

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The end of a wait.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// This long from now.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self(now() + duration)
    }

    /// Whether it has passed.
    #[must_use]
    pub fn has_passed(self) -> bool {
        now() >= self.0
    }
}

/// Waits until the condition holds. Returns whether it did before the deadline.
pub fn wait_until(deadline: Deadline, mut condition: impl FnMut() -> bool) -> bool {
    loop {
        if condition() {
            return true;
        }
        if deadline.has_passed() {
            return false;
        }
        sleep(POLL_INTERVAL);
    }
}

#[expect(clippy::disallowed_methods, reason = "servers take real time to start")]
fn now() -> Instant {
    Instant::now()
}
