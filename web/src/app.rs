//! What every handler may use.

use std::sync::Arc;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use sockbit_application::gateway::Gateway;
use sockbit_application::ports::{Clock, Ids};
use sockbit_domain::Limits;

use crate::config::PublicUrl;
use crate::http::rate::Rate;
use crate::identity::Cookies;
use crate::pages::Turns;

/// The web app, without its routes.
pub(crate) struct App {
    pub gateway: Arc<Gateway>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub cookies: Cookies,
    pub public_url: Option<PublicUrl>,
    pub trusted_proxies: usize,
    pub limits: Limits,
    /// What a posted body may hold.
    pub body_bytes_max: usize,
    pub websocket: sockbit_websocket::Settings,
    pub rate: Rate,
    /// Taken while a full page is rendered, so that a flood of those leaves room for others.
    pub rendering: Turns,
}

impl App {
    /// How this browser reaches us, as in `https://notes.example.org`; `None` where it does not say.
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
