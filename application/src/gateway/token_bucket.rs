//! A token bucket, which limits the rate at which one connection may send.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket on tokio's clock, which tests can pause.
pub(super) struct TokenBucket {
    tokens: f64,
    burst: f64,
    per_second: f64,
    refilled_at: Instant,
}

impl TokenBucket {
    pub fn new(per_second: u32, burst: u32) -> Self {
        let burst = f64::from(burst.max(1));
        let per_second = f64::from(per_second.max(1));
        Self { tokens: burst, burst, per_second, refilled_at: Instant::now() }
    }

    /// Takes a token, or returns the time until there is one.
    pub fn take(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        let gained = now.duration_since(self.refilled_at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.burst);
        self.refilled_at = now;
        if self.tokens < 1.0 {
            let wait = Duration::from_secs_f64((1.0 - self.tokens) / self.per_second);
            // The rest may round to zero, and a caller that waits for no time would loop forever.
            return Err(wait.max(Duration::from_nanos(1)));
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_the_next_message_has_to_wait() {
        let mut bucket = TokenBucket::new(20, 3);
        for _ in 0..3 {
            assert_eq!(bucket.take(), Ok(()));
        }
        assert_eq!(bucket.take(), Err(Duration::from_millis(50)));
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_returned_wait_there_is_a_token_even_if_almost_nothing_was_missing() {
        let mut bucket = TokenBucket { tokens: 1.0 - f64::EPSILON, ..TokenBucket::new(20, 3) };
        let wait = bucket.take().expect_err("a fraction of a token is missing");
        assert_ne!(wait, Duration::ZERO);
        tokio::time::sleep(wait).await;
        assert_eq!(bucket.take(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_bucket_refills_up_to_its_burst() {
        let mut bucket = TokenBucket::new(20, 3);
        while bucket.take().is_ok() {}
        tokio::time::advance(Duration::from_mins(1)).await;
        let taken = std::iter::from_fn(|| bucket.take().ok()).count();
        assert_eq!(taken, 3);
    }
}
