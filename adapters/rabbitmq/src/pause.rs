//! The time before the next attempt.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// What lasted shorter did not succeed: many a connection is closed by the first thing that is done on it.
const LASTING: Duration = Duration::from_secs(5);

/// Doubles each time, up to two seconds, of which half is left to chance: so that those who lost
/// the same broker do not all come back at the same moment.
pub(crate) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pause {
    /// Begins anew after an attempt whose result lasted so long, if that was long enough.
    pub fn after(&mut self, lasted: Duration) {
        if lasted >= LASTING {
            *self = Self::default();
        }
    }

    pub fn next(&mut self) -> Duration {
        let whole = self.0;
        self.0 = (whole * 2).min(LONGEST);
        // Every such hasher has keys of its own.
        let random = RandomState::new().hash_one(whole.as_nanos()) % 1_000;
        whole / 2 + whole / 2_000 * u32::try_from(random).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_and_stays_short() {
        let mut pause = Pause::default();
        let pauses: Vec<_> = (0..20).map(|_| pause.next()).collect();
        for (pause, whole) in pauses.iter().zip([100, 200, 400, 800, 1_600]) {
            let whole = Duration::from_millis(whole);
            assert!((whole / 2..=whole).contains(pause), "{pause:?} of {whole:?}");
        }
        assert!(pauses.iter().skip(5).all(|it| (LONGEST / 2..=LONGEST).contains(it)));
    }

    #[test]
    fn only_what_lasted_makes_the_next_pause_short_again() {
        let grown = |lasted| {
            let mut pause = Pause::default();
            pause.next();
            pause.after(lasted);
            pause.next()
        };
        assert!(grown(Duration::from_secs(4)) >= FIRST, "it goes on growing");
        assert!(grown(Duration::from_secs(5)) <= FIRST, "it begins anew");
    }

    #[test]
    fn pauses_differ() {
        let first: Vec<_> = (0..10).map(|_| Pause::default().next()).collect();
        assert!(first.windows(2).any(|two| two.first() != two.last()), "{first:?}");
    }
}
