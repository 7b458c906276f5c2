//! The bus as a gateway uses it.

mod announcement_consumer;
mod bindings;
mod command_publisher;
mod endpoint;
mod exclusive_queue;
mod external_command_consumer;
mod pending_queries;
mod presence_updates;
mod query_client;
mod queue_circuit_breaker;

pub use endpoint::{GatewayEndpoint, connect_gateway};
