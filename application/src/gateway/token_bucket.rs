//! How fast one connection may send.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket on the runtime's clock, so that tests decide how time passes.
pub(super) struct TokenBucket {
    tokens: f64,
    burst: f64,
    per_second: f64,
    filled_at: Instant,
}

impl TokenBucket {
    pub fn new(per_second: u32, burst: u32) -> Self {
        let burst = f64::from(burst.max(1));
        let per_second = f64::from(per_second.max(1));
        Self { tokens: burst, burst, per_second, filled_at: Instant::now() }
    }

    /// Takes a token, or says after what time there is one.
    pub fn take(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        let gained = now.duration_since(self.filled_at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.burst);
        self.filled_at = now;
        if self.tokens < 1.0 {
            let wait = Duration::from_secs_f64((1.0 - self.tokens) / self.per_second);
            // What is missing may be less than any time: whoever waits for nothing asks for ever.
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
    async fn a_burst_passes_and_the_next_waits() {
        let mut bucket = TokenBucket::new(20, 3);
        for _ in 0..3 {
            assert_eq!(bucket.take(), Ok(()));
        }
        assert_eq!(bucket.take(), Err(Duration::from_millis(50)));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_as_long_as_is_said_has_a_turn_soon() {
        let mut bucket = TokenBucket { tokens: 1.0 - f64::EPSILON, ..TokenBucket::new(20, 3) };
        let wait = bucket.take().expect_err("a little is missing");
        assert_ne!(wait, Duration::ZERO);
        tokio::time::sleep(wait).await;
        assert_eq!(bucket.take(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn time_fills_the_bucket_up_to_its_burst() {
        let mut bucket = TokenBucket::new(20, 3);
        while bucket.take().is_ok() {}
        tokio::time::advance(Duration::from_mins(1)).await;
        let passed = std::iter::from_fn(|| bucket.take().ok()).count();
        assert_eq!(passed, 3);
    }
}
