//! The bus as a gateway uses it.

mod announcement_consumer;
mod bindings;
mod command_publisher;
mod endpoint;
mod external_command_consumer;
mod gateway_queue;
mod pending_queries;
mod presence_updates;
mod query_client;
mod queue_circuit_breaker;

pub use endpoint::{GatewayEndpoint, connect_gateway};
