//! Middleware, and the routes that are not pages.

pub(crate) mod assets;
pub(crate) mod client_address;
pub(crate) mod command_api;
pub(crate) mod compression;
pub(crate) mod health;
pub(crate) mod rate_limit;
pub(crate) mod request_telemetry;
pub(crate) mod request_timeout;
pub(crate) mod same_origin;
pub(crate) mod security_headers;
pub(crate) mod websocket_upgrade;
