//! The bus of many machines, on RabbitMQ.
//!
//! Commands wait in quorum queues until a worker has acknowledged them; everything else may be
//! lost with a connection, and whoever lost it asks again. Each end has a connection for each thing
//! that must not wait for another, as publishing and consuming, and each is kept up by a supervisor
//! of its own.

mod confirming;
mod connect_error;
mod connection;
mod consuming;
mod dead_letters;
mod gateway;
mod link;
mod pause;
mod publishing;
mod roster;
mod settings;
mod topology;
mod wire;
mod worker;

pub use connect_error::{ConnectError, ConnectProblem};
pub use dead_letters::{Desk, DeskError, Letter};
pub use gateway::{GatewayEnd, connect_gateway};
pub use settings::{Settings, UnfitSettings};
pub use topology::Names;
pub use worker::{WorkerEnd, connect_worker};
