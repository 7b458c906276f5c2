//! The configuration: read once, checked whole, and typed from then on.

mod args;
mod check;
mod mistakes;
mod values;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use sockbit_application::gateway::GatewaySettings;
use sockbit_domain::Limits;

pub use mistakes::{Mistake, Mistakes};
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
    /// What keeps the boards.
    pub store: StoreUrl,
    /// What carries messages between gateways and workers.
    pub bus: BusUrl,
    /// How people reach this server, where that is not simply what their browser says.
    pub public_url: Option<PublicUrl>,
    /// What cookies are signed with.
    pub secret: SecretSource,
    /// What is logged: a level, or levels by module.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// How many proxies of ours stand in front and say whom they speak for.
    pub trusted_proxies: usize,
    /// What a board is held to.
    pub limits: Limits,
    /// What a gateway holds its clients to.
    pub gateway: GatewaySettings,
    /// What the server holds connections to.
    pub server: ServerLimits,
}

/// What the program is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::Subcommand)]
pub enum Task {
    /// Serve the web app (the default)
    #[default]
    Serve,
    /// Bring the database to this version, and end
    Migrate,
}

/// A store, by URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreUrl {
    /// `memory:` forgets everything when the process ends.
    Memory,
    /// `sqlite:PATH`.
    Sqlite(PathBuf),
}

/// A bus, by URL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BusUrl {
    /// `memory:` connects what runs in this process.
    Memory,
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
    /// One incoming WebSocket message.
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
