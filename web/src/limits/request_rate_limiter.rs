//! A token bucket for each client address: limits its requests per second.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::ServerLimits;

const CLEANUP_EVERY: Duration = Duration::from_mins(1);

/// Counts requests by address.
pub(crate) struct RequestRateLimiter(DefaultKeyedRateLimiter<IpAddr>);

impl RequestRateLimiter {
    pub fn new(limits: &ServerLimits) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(limits.requests_per_second))
            .allow_burst(at_least_one(limits.requests_burst));
        Self(RateLimiter::keyed(quota))
    }

    /// Takes one token; `false` if the address has none left.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.0.check_key(&address).is_ok()
    }

    /// Removes idle addresses every minute; never returns.
    pub async fn run_cleanup(&self) {
        loop {
            tokio::time::sleep(CLEANUP_EVERY).await;
            self.0.retain_recent();
        }
    }
}
