//! Pauses between attempts: longer each time, and of different lengths for those who wait at once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(2);

/// How long `who` waits after this many attempts that failed.
pub(crate) fn pause(who: impl Hash, failed: u32) -> Duration {
    let doublings = 2_u32.saturating_pow(failed.saturating_sub(1));
    let longest = FIRST.saturating_mul(doublings).min(LONGEST);
    longest / 2 + spread((who, failed), longest / 2)
}

/// Some part of a time, always the same for the same `who`, so that not all come at one moment.
pub(crate) fn spread(who: impl Hash, within: Duration) -> Duration {
    // This hasher has fixed keys, unlike that of a map.
    let mut hasher = DefaultHasher::new();
    who.hash(&mut hasher);
    let micros = u64::try_from(within.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(hasher.finish() % micros.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pauses_grow_to_two_seconds() {
        for (failed, longest) in [(1, 500), (2, 1_000), (3, 2_000), (4, 2_000), (u32::MAX, 2_000)] {
            for who in 0..1_000 {
                let pause = pause(who, failed).as_millis();
                assert!((longest / 2..=longest).contains(&pause), "{pause} after {failed}");
            }
        }
    }

    #[test]
    fn those_who_wait_at_once_do_not_come_back_at_once() {
        let pauses: HashSet<_> = (0..1_000).map(|who| pause(who, 1)).collect();
        assert!(pauses.len() > 900, "{}", pauses.len());
        assert_eq!(pause(7, 1), pause(7, 1));
    }
}
