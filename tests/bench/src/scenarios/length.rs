//! How long the scenarios measure.

use std::time::Duration;

/// The length of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// Enough for published figures.
    Full,
    /// Enough to see that a scenario works.
    Quick,
}

impl Length {
    /// The time that a scenario measures.
    pub fn measured(self) -> Duration {
        match self {
            Self::Full => Duration::from_secs(4),
            Self::Quick => Duration::from_secs(1),
        }
    }

    /// The time before that, whose edits do not count.
    pub fn warm_up(self) -> Duration {
        self.measured() / 4
    }
}
