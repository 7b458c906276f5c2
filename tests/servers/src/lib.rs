//! Private servers for tests and for trying out: each has a folder and ports of its own and ends
//! with the process that started it, however that ends. Other servers on the machine are not
//! touched.

mod deadline;
mod error;
mod folder;
mod free_port;
mod postgres;
mod process;
mod program_paths;
mod rabbitmq;
mod system_account;

pub use deadline::{Deadline, wait_until};
pub use error::ServerError;
pub use folder::Folder;
pub use free_port::free_port;
pub use postgres::Postgres;
pub use process::{Process, Program, StopSignals};
pub use program_paths::is_in_path;
pub use rabbitmq::RabbitMq;
