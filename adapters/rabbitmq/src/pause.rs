//! The time before the next attempt.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

/// Doubles each time, up to two seconds, of which half is left to chance: so that those who lost
/// the same broker do not all come back at the same moment.
pub(crate) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pause {
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
    fn pauses_differ() {
        let first: Vec<_> = (0..10).map(|_| Pause::default().next()).collect();
        assert!(first.windows(2).any(|two| two.first() != two.last()), "{first:?}");
    }
}
