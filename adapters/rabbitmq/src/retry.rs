//! The delays between attempts at the broker.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use sockbit_application::backoff::{Backoff, Retry};

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// A retry with random jitter, so that processes that lost the same broker do not all reconnect at
/// the same time.
pub(crate) fn retry() -> Retry<u64> {
    // Each `RandomState` has keys of its own.
    Retry::new(BACKOFF, RandomState::new().hash_one(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_from_100_ms_to_two_seconds() {
        let mut retry = retry();
        for longest in [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000] {
            let (delay, longest) = (retry.next_delay(), Duration::from_millis(longest));
            assert!((longest / 2..=longest).contains(&delay), "{delay:?} of {longest:?}");
        }
    }

    #[test]
    fn delays_of_different_retries_differ() {
        let first: Vec<_> = (0..10).map(|_| retry().next_delay()).collect();
        assert!(first.windows(2).any(|two| two.first() != two.last()), "{first:?}");
    }
}
