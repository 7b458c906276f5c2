//! Times from when an edit was due until it arrived.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

const DIGITS: u8 = 3;
/// A minute; longer times count as this.
const LONGEST_NANOSECONDS: u64 = 60_000_000_000;

/// A distribution of times.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// An empty distribution.
    pub fn new() -> Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, LONGEST_NANOSECONDS, DIGITS)?))
    }

    /// Adds a time.
    pub fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The time within which this part of all edits arrived, in milliseconds.
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1e6
    }

    /// The longest time, in milliseconds.
    pub fn max_ms(&self) -> f64 {
        self.0.max() as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_time_of_that_part() {
        let mut latencies = Latencies::new().expect("valid bounds");
        for milliseconds in 1..=100 {
            latencies.record(Duration::from_millis(milliseconds));
        }
        let is_about = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.01;
        assert!(is_about(latencies.quantile_ms(0.5), 50.0) && is_about(latencies.max_ms(), 100.0));
    }
}
