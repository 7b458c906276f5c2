//! The bus between processes, on RabbitMQ.
//!
//! Commands are persistent messages in quorum queues until a worker acknowledges them. All other
//! messages may be lost with a connection, and their receivers request them again. Each endpoint
//! uses one connection for each role, such as publishing and consuming, so that no role delays
//! another; each connection is supervised and re-established.

mod announcement_message;
mod broker_connection;
mod confirm_channel;
mod connect_error;
mod consumer_start;
mod dead_letters;
mod gateway;
mod heartbeat;
mod names;
mod outgoing_message;
mod publish_pipeline;
mod publisher;
mod publishing_connection;
mod query_messages;
mod queue_assignment;
mod reply_guard;
mod settings;
mod shutdown;
mod supervised_connection;
mod topology;
mod unreadable_message_report;
mod worker;
mod worker_registry;

pub use connect_error::{ConnectError, ConnectProblem};
pub use dead_letters::{DeadLetter, DeadLetterAdmin, DeadLetterAdminError};
pub use gateway::{GatewayEndpoint, connect_gateway};
pub use names::Names;
pub use settings::{InvalidSettings, Settings};
pub use worker::{WorkerEndpoint, connect_worker};
