//! How fast one address may ask for pages and post.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::address::ClientAddress;
use crate::app::App;
use crate::config::ServerLimits;
use crate::pages::Failure;

const FORGET_EVERY: Duration = Duration::from_mins(1);

/// Counts requests by address.
pub(crate) struct Rate(DefaultKeyedRateLimiter<IpAddr>);

impl Rate {
    pub fn new(limits: &ServerLimits) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(limits.requests_per_second))
            .allow_burst(at_least_one(limits.requests_burst));
        Self(RateLimiter::keyed(quota))
    }

    /// Forgets addresses that were quiet, now and then and for ever.
    pub async fn forget_the_quiet(&self) {
        loop {
            tokio::time::sleep(FORGET_EVERY).await;
            self.0.retain_recent();
        }
    }
}

/// Turns away what comes too fast.
pub(crate) async fn paced(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    match app.rate.0.check_key(&address) {
        Ok(()) => next.run(request).await,
        Err(_) => Failure::too_many().into_response(),
    }
}
