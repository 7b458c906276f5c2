//! The bus as a worker uses it.

mod consumer_connection;
mod consumer_set;
mod consumer_start;
mod delivery_inbox;
mod endpoint;
mod heartbeats;
mod query_inbox;
mod queue_consumer;
mod recovery;
mod worker_state;

pub use endpoint::{WorkerEndpoint, connect_worker};
