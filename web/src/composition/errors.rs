//! Why a process could not be composed.

use sockbit_application::ports::StoreError;
use sockbit_rabbitmq::{ConnectError, InvalidSettings};

use crate::secret_file::SecretError;
use crate::telemetry::TelemetryError;

/// Why a process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The `SQLite` database.
    #[error(transparent)]
    Sqlite(#[from] sockbit_sqlite::OpenError),
    /// The `PostgreSQL` database.
    #[error(transparent)]
    Postgres(#[from] sockbit_postgres::OpenError),
    /// A call to the open database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another number of work queues, with which commands would be routed differently.
    #[error(
        "this database was set up with {stored} work queues, but --work-queues is {configured}; \
         start every process with --work-queues {stored}"
    )]
    WorkQueues {
        /// The number stored in the database.
        stored: u16,
        /// The number in this process's configuration.
        configured: u16,
    },
    /// The settings of the bus.
    #[error("--bus: {0}")]
    BusSettings(#[from] InvalidSettings),
    /// The connection to the bus.
    #[error(transparent)]
    Bus(#[from] ConnectError),
    /// The folder of the default database.
    #[error("the folder {folder} cannot be created: {reason}; use another database with --store")]
    Folder {
        /// Its path.
        folder: String,
        /// The error of the operating system.
        reason: std::io::Error,
    },
    /// The secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A bug: the identity could not be encoded.
    #[error("the token could not be created")]
    Token,
    /// Logging or metrics.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
}
