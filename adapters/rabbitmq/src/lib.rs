//! The bus of many machines, on RabbitMQ.
//!
//! Commands wait in quorum queues until a worker has acknowledged them; everything else may be
//! lost with a connection, and whoever lost it asks again. Each end has a connection for each thing
//! that must not wait for another, as publishing and consuming, and each is kept up by a supervisor
//! of its own.

mod bus_messages;
mod confirm_channel;
mod connect_error;
mod connection;
mod consumer;
mod dead_letters;
mod gateway;
mod publisher;
mod retry;
mod settings;
mod supervised_connection;
mod topology;
mod worker;
mod worker_registry;

pub use connect_error::{ConnectError, ConnectProblem};
pub use dead_letters::{DeadLetter, DeadLetterAdmin, DeadLetterAdminError};
pub use gateway::{GatewayEndpoint, connect_gateway};
pub use settings::{InvalidSettings, Settings};
pub use topology::Names;
pub use worker::{WorkerEndpoint, connect_worker};
