//! The web app: configuration, composition root, pages, HTTP middleware and the server itself.
//!
//! [`composition::compose`] puts the parts together, `routes` lists what a request passes through.
//! A handler extracts its input, sends one command or query through the gateway, and renders. It
//! holds no rule about boards.

mod app_state;
mod assets;
mod client_address;
mod clock_and_ids;
pub mod composition;
pub mod config;
pub mod dead_letters;
mod extractors;
mod failure;
mod http;
mod identity;
mod limits;
mod pages;
mod rejections;
mod routes;
pub mod secret_file;
pub mod server;
pub mod telemetry;

pub use pages::markdown;
