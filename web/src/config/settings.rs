//! The validated settings of a process.

use std::net::SocketAddr;
use std::time::Duration;

use sockbit_application::gateway::GatewaySettings;
use sockbit_domain::Limits;

use super::public_url::PublicUrl;
use super::role::Task;

/// All settings, with defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the process does.
    pub task: Task,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The URL that clients use; `None` if it is derived from the `Host` header.
    pub public_url: Option<PublicUrl>,
    /// Log filter: a level, or levels by module.
    pub log: String,
    /// Format of log lines.
    pub log_format: LogFormat,
    /// Number of the operator's own proxies in front, which set `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// Age from which edits are compacted; `None` for never.
    pub compact_after: Option<Duration>,
    /// Deadline for a graceful shutdown.
    pub drain_within: Duration,
    /// Limits of a board.
    pub limits: Limits,
    /// Limits of the gateway on its clients.
    pub gateway: GatewaySettings,
    /// Limits of the server on connections and requests.
    pub server: ServerLimits,
}

/// The format of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Text for people.
    Human,
    /// One JSON object a line, for programs.
    Json,
}

/// Limits of the server on connections and requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerLimits {
    /// Open connections.
    pub connections_max: u32,
    /// Open connections of any kind from one address. Has no effect behind a proxy.
    pub sockets_per_address_max: usize,
    /// HTTP requests per second from one address, on average.
    pub requests_per_second: u32,
    /// HTTP requests from one address in a burst.
    pub requests_burst: u32,
    /// Size of one incoming message; at least that of an edit of the longest note.
    pub message_bytes_max: usize,
}
