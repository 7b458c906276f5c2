//! Private servers for tests and local clusters. Each has its own folder and ports and ends with the
//! process that started it, even if that is killed. Other servers on the machine are not affected.

mod deadline;
mod error;
mod folder;
mod free_port;
mod http_request;
mod postgres;
mod process;
mod program_paths;
mod rabbitmq;
mod redis;
mod system_account;

pub use deadline::{Deadline, wait_until};
pub use error::ServerError;
pub use folder::Folder;
pub use free_port::free_port;
pub use http_request::http_get;
pub use postgres::Postgres;
pub use process::{Process, Program, StopSignals};
pub use program_paths::is_in_path;
pub use rabbitmq::RabbitMq;
pub use redis::Redis;
