//! Private servers for tests and for trying out: each in a folder of its own, on ports of its own, and gone with whoever
//! started it, however that ended. Servers that run already are not touched.

mod account;
mod deadline;
mod error;
mod folder;
mod ports;
mod postgres;
mod process;
mod programs;
mod rabbitmq;

pub use deadline::{Deadline, wait_until};
pub use error::ServerError;
pub use folder::Folder;
pub use ports::free_port;
pub use postgres::Postgres;
pub use process::{Ending, Process, Program};
pub use programs::is_there;
pub use rabbitmq::RabbitMq;
