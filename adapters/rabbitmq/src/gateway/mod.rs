//! The bus as a gateway uses it.

mod announcement_consumer;
mod bindings;
mod circuit_breaker;
mod command_publisher;
mod endpoint;
mod intake_consumer;
mod pending_queries;
mod presence_updates;
mod query_client;

pub use endpoint::{GatewayEndpoint, connect_gateway};
