//! The configuration: read once, checked whole, and typed from then on.

mod args;
mod check;
mod mistakes;
mod roles;
mod urls;
mod values;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use sockbit_application::gateway::GatewaySettings;
use sockbit_application::seal::Keyring;
use sockbit_domain::Limits;

pub use args::DeadLetterWish;
pub use mistakes::{Mistake, Mistakes};
pub use urls::{BusUrl, ServerUrl, StoreUrl};
pub(crate) use values::plain_authority;
pub use values::{PublicUrl, Secret};

/// The database of those who name none.
pub(crate) const DEFAULT_DATABASE: &str = "data/sockbit.db";

/// Everything that can be set, with its defaults in place.
#[derive(Clone, Debug)]
pub struct Config {
    /// What to do.
    pub task: Task,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How people reach this server, where that is not simply what their browser says.
    pub public_url: Option<PublicUrl>,
    /// What is logged: a level, or levels by module.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// How many proxies of ours stand in front and say whom they speak for.
    pub trusted_proxies: usize,
    /// How old edits are when history is compacted; `None` where it never is.
    pub compact_after: Option<Duration>,
    /// How long going away may take.
    pub drain_within: Duration,
    /// What a board is held to.
    pub limits: Limits,
    /// What a gateway holds its clients to.
    pub gateway: GatewaySettings,
    /// What the server holds connections to.
    pub server: ServerLimits,
}

/// What the program is to do.
#[derive(Clone, Debug)]
pub enum Task {
    /// Run until it is told to stop.
    Run(Role),
    /// Bring a database to this version, and end.
    Migrate(StoreUrl),
    /// Print a token for a program of this name, and end.
    Token {
        /// What tokens are signed with.
        secret: SecretSource,
        /// As people will see it.
        name: String,
    },
    /// See to dead letters, and end.
    DeadLetters {
        /// Where they are.
        bus: ServerBus,
        /// What is to become of them.
        wish: DeadLetterWish,
    },
}

/// What a process is, and what that runs on.
#[derive(Clone, Debug)]
pub enum Role {
    /// Everything: it serves the web app, and works off what that brings.
    Serve {
        /// What keeps the boards.
        store: StoreUrl,
        /// What connects it to other processes, if there are any.
        bus: Option<ServerBus>,
        /// What cookies are signed with.
        secret: SecretSource,
    },
    /// It holds connections, and has no database.
    Gateway {
        /// What connects it to the workers.
        bus: ServerBus,
        /// What cookies are signed with.
        secret: SecretSource,
    },
    /// It runs the core, and shows no pages.
    Worker {
        /// What keeps the boards.
        store: StoreUrl,
        /// What connects it to the gateways.
        bus: ServerBus,
    },
}

impl Role {
    /// The store of those who run the core.
    #[must_use]
    pub fn store(&self) -> Option<&StoreUrl> {
        match self {
            Self::Serve { store, .. } | Self::Worker { store, .. } => Some(store),
            Self::Gateway { .. } => None,
        }
    }

    /// The bus between processes, if there are several.
    #[must_use]
    pub fn bus(&self) -> Option<&ServerBus> {
        match self {
            Self::Serve { bus, .. } => bus.as_ref(),
            Self::Gateway { bus, .. } | Self::Worker { bus, .. } => Some(bus),
        }
    }

    /// What those who know people by their cookies sign these with.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretSource> {
        match self {
            Self::Serve { secret, .. } | Self::Gateway { secret, .. } => Some(secret),
            Self::Worker { .. } => None,
        }
    }
}

/// A bus on a server of its own.
#[derive(Clone, Debug)]
pub struct ServerBus {
    /// Where it is.
    pub url: ServerUrl,
    /// What messages are signed with.
    pub keys: Keyring,
    /// Over how many queues commands are spread.
    pub work_queues: u16,
    /// What names on it begin with.
    pub namespace: String,
}

/// Where the secret comes from.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// It was given.
    Given(Secret),
    /// It stands in this file, which is made where there is none.
    File(PathBuf),
    /// A fresh one for each run: with a store that forgets, identities may be forgotten too.
    Fresh,
}

/// The form of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// For people.
    Human,
    /// For programs: one JSON object a line.
    Json,
}

/// What the server holds connections and requests to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerLimits {
    /// Connections open at once.
    pub connections_max: u32,
    /// Connections from one address, live or not, unless a proxy stands in front.
    pub sockets_per_address_max: usize,
    /// Pages, posts and joins from one address, a second on average.
    pub requests_per_second: u32,
    /// The same, at once.
    pub requests_burst: u32,
    /// One incoming message. The longest note fits into it.
    pub message_bytes_max: usize,
}

/// How reading the configuration can end without one.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Help or the version was asked for, or the command line is not one of ours.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    /// Values that cannot be used, all of them.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
}

impl Config {
    /// Reads command line and environment.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, ConfigError> {
        Ok(check::check(args::Args::try_parse_from(line)?)?)
    }
}
