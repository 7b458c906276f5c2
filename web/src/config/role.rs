//! What a process does, and the store, bus and secret that it uses.

use std::path::PathBuf;

use sockbit_application::bus_message_signing::Keyring;

use super::command_line::DeadLetterAction;
use super::secret::Secret;
use super::store_and_bus_urls::{ServerUrl, StoreUrl};

/// What the program does.
#[derive(Clone, Debug)]
pub enum Task {
    /// Serve until a signal stops it.
    Run(Role),
    /// Migrate a database and exit.
    Migrate(StoreUrl),
    /// Print a token for a program and exit.
    Token {
        /// The secret that signs tokens.
        secret: SecretSource,
        /// The program's name as users see it.
        name: String,
    },
    /// List or process dead letters and exit.
    DeadLetters {
        /// The bus that holds them.
        bus: ServerBus,
        /// What to do with them.
        action: DeadLetterAction,
    },
}

/// The role of a process, with what it needs.
#[derive(Clone, Debug)]
pub enum Role {
    /// Gateway and worker in one process.
    Serve {
        /// The store of all boards.
        store: StoreUrl,
        /// The bus to other processes; `None` if there are none.
        bus: Option<ServerBus>,
        /// The secret that signs cookies.
        secret: SecretSource,
    },
    /// Holds client connections and has no database.
    Gateway {
        /// The bus to the workers.
        bus: ServerBus,
        /// The secret that signs cookies.
        secret: SecretSource,
    },
    /// Runs the core and serves no clients.
    Worker {
        /// The store of all boards.
        store: StoreUrl,
        /// The bus to the gateways.
        bus: ServerBus,
    },
}

impl Role {
    /// The store, if the process runs a worker.
    #[must_use]
    pub fn store(&self) -> Option<&StoreUrl> {
        match self {
            Self::Serve { store, .. } | Self::Worker { store, .. } => Some(store),
            Self::Gateway { .. } => None,
        }
    }

    /// The bus to other processes, if there is one.
    #[must_use]
    pub fn bus(&self) -> Option<&ServerBus> {
        match self {
            Self::Serve { bus, .. } => bus.as_ref(),
            Self::Gateway { bus, .. } | Self::Worker { bus, .. } => Some(bus),
        }
    }

    /// The secret that signs cookies, if the process runs a gateway.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretSource> {
        match self {
            Self::Serve { secret, .. } | Self::Gateway { secret, .. } => Some(secret),
            Self::Worker { .. } => None,
        }
    }
}

/// A bus on a broker.
#[derive(Clone, Debug)]
pub struct ServerBus {
    /// The address of the broker.
    pub url: ServerUrl,
    /// Keys that sign messages.
    pub keys: Keyring,
    /// Number of work queues.
    pub work_queues: u16,
    /// Whether a worker deletes a work queue that the broker cannot serve.
    pub delete_broken_queues: bool,
    /// Prefix of all queue and exchange names.
    pub namespace: String,
}

/// Where the secret comes from.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// From the configuration.
    Given(Secret),
    /// From a file, which is created if it is missing.
    File(PathBuf),
    /// A new random secret for each run, for a store in memory.
    Random,
}
