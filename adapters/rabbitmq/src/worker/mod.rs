//! The bus as a worker uses it.

mod broken_queue_recovery;
mod command_delivery_inbox;
mod consumer_connection;
mod endpoint;
mod heartbeat_publisher;
mod query_inbox;
mod result_messages;
mod work_queue_consumer;
mod work_queue_consumer_start;
mod work_queue_consumers;
mod worker_state;

pub use endpoint::{WorkerEndpoint, connect_worker};
