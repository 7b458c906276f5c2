//! The web app: configuration, composition, pages, and the server that shows them.
//!
//! Read [`compose::compose`] for how the parts meet and `routes` for what a request meets. Handlers
//! extract, build one message, call the gateway and render; no rule about boards is here.

mod app;
pub mod compose;
pub mod config;
pub mod dead_letters;
mod http;
mod identity;
mod pages;
mod routes;
pub mod secret;
pub mod server;
mod system;
pub mod telemetry;
