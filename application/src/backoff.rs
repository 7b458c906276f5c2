//! Exponential backoff with jitter: the delays between attempts.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// A result that lasted shorter than this counts as a failed attempt: many connections are closed
/// by the first operation on them.
const STABLE_AFTER: Duration = Duration::from_secs(5);

/// Delays that double with each failure, up to a maximum.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    has_jitter: bool,
}

impl Backoff {
    /// A backoff whose first delay is at most `first`, and each later one at most `max`.
    #[must_use]
    pub const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, has_jitter: true }
    }

    /// A backoff without jitter, for a caller that does not compete with others.
    #[must_use]
    pub const fn without_jitter(first: Duration, max: Duration) -> Self {
        Self { first, max, has_jitter: false }
    }

    /// The delay after so many failures in a row. Its upper half is [`jitter`] by `key`, so that
    /// callers that failed at the same time do not retry at the same time.
    #[must_use]
    pub fn delay(self, key: impl Hash, failures: u32) -> Duration {
        let doublings = 2_u32.saturating_pow(failures.saturating_sub(1));
        let longest = self.first.saturating_mul(doublings).min(self.max);
        if self.has_jitter { longest / 2 + jitter((key, failures), longest / 2) } else { longest }
    }
}

/// A duration of at most `max` that depends on `key` alone, so that a run can be repeated.
#[must_use]
pub fn jitter(key: impl Hash, max: Duration) -> Duration {
    // This hasher has fixed keys, unlike that of a map.
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let micros = u64::try_from(max.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(hasher.finish() % micros.saturating_add(1))
}

/// A [`Backoff`] that counts the failures itself.
#[derive(Clone, Debug)]
pub struct Retry<K> {
    backoff: Backoff,
    key: K,
    failures: u32,
}

impl<K: Hash> Retry<K> {
    /// Starts with no failures. `key` decides the jitter.
    pub fn new(backoff: Backoff, key: K) -> Self {
        Self { backoff, key, failures: 0 }
    }

    /// Counts a failure and returns the delay before the next attempt.
    pub fn next_delay(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.backoff.delay(&self.key, self.failures)
    }

    /// Starts again with the first delay if the result of the last attempt was stable: if it lasted
    /// for at least 5 s.
    pub fn reset_if_stable(&mut self, lasted: Duration) {
        if lasted >= STABLE_AFTER {
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const FIRST: Duration = Duration::from_millis(500);
    const BACKOFF: Backoff = Backoff::new(FIRST, Duration::from_secs(2));

    #[test]
    fn delays_double_up_to_the_maximum() {
        for (failures, longest) in [(1, 500), (2, 1_000), (3, 2_000), (4, 2_000), (u32::MAX, 2_000)]
        {
            for key in 0..1_000 {
                let delay = BACKOFF.delay(key, failures).as_millis();
                assert!((longest / 2..=longest).contains(&delay), "{delay} after {failures}");
            }
        }
    }

    #[test]
    fn delays_of_different_keys_differ_and_those_of_one_key_do_not() {
        let delays: HashSet<_> = (0..1_000).map(|key| BACKOFF.delay(key, 1)).collect();
        assert!(delays.len() > 900, "{}", delays.len());
        assert_eq!(BACKOFF.delay(7, 1), BACKOFF.delay(7, 1));
    }

    #[test]
    fn without_jitter_each_delay_is_twice_the_one_before() {
        let backoff = Backoff::without_jitter(FIRST, Duration::from_secs(2));
        let delays = [1, 2, 3, 4].map(|failures| backoff.delay(7, failures).as_millis());
        assert_eq!(delays, [500, 1_000, 2_000, 2_000]);
    }

    #[test]
    fn a_retry_counts_its_failures() {
        let mut retry = Retry::new(BACKOFF, 7);
        for failures in 1..20 {
            assert_eq!(retry.next_delay(), BACKOFF.delay(7, failures));
        }
    }

    #[test]
    fn only_a_stable_result_makes_the_next_delay_short_again() {
        let delay_after = |lasted| {
            let mut retry = Retry::new(BACKOFF, 7);
            retry.next_delay();
            retry.reset_if_stable(lasted);
            retry.next_delay()
        };
        assert!(delay_after(Duration::from_secs(4)) >= FIRST, "it continues to grow");
        assert!(delay_after(Duration::from_secs(5)) <= FIRST, "it starts again");
    }
}
