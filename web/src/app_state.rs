//! The state that axum hands to every handler.

use std::sync::Arc;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use sockbit_application::gateway::Gateway;
use sockbit_application::ports::{Clock, Ids};
use sockbit_domain::Limits;

use crate::config::PublicUrl;
use crate::identity::Cookies;
use crate::limits::{FairConcurrencyLimiter, RequestRateLimiter};

/// What handlers and middleware use.
pub(crate) struct AppState {
    pub gateway: Arc<Gateway>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub cookies: Cookies,
    pub public_url: Option<PublicUrl>,
    pub trusted_proxies: usize,
    pub limits: Limits,
    /// Maximum size of a request body.
    pub body_bytes_max: usize,
    pub websocket: Arc<sockbit_websocket::Settings>,
    pub request_rate: RequestRateLimiter,
    /// Limits how many full pages are loaded and rendered at once.
    pub rendering: FairConcurrencyLimiter,
}

impl AppState {
    /// The origin that this client uses, as in `https://notes.example.org`; `None` without a usable
    /// `Host` header.
    pub fn origin(&self, headers: &HeaderMap) -> Option<String> {
        if let Some(url) = &self.public_url {
            return Some(url.to_string());
        }
        let host = headers.get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok()?;
        let is_https = self.trusted_proxies > 0
            && headers.get("x-forwarded-proto").is_some_and(|it| it.as_bytes() == b"https");
        Some(format!("{}://{host}", if is_https { "https" } else { "http" }))
    }
}
