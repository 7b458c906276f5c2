//! Limits on connections, requests and concurrent work, together and per client address.

mod connection_limiter;
mod fair_concurrency_limiter;
mod request_rate_limiter;

pub(crate) use connection_limiter::{ConnectionLimiter, ConnectionPermit};
pub(crate) use fair_concurrency_limiter::{ConcurrencyPermit, FairConcurrencyLimiter};
pub(crate) use request_rate_limiter::RequestRateLimiter;
