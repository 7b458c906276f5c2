//! The limits and intervals of a gateway.

use std::time::Duration;

/// The limits that a gateway enforces on its clients, and the intervals of its periodic work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySettings {
    /// Connections from one address.
    pub connections_per_address_max: usize,
    /// Connections of one person.
    pub connections_per_actor_max: usize,
    /// Boards joined over one connection.
    pub boards_per_connection_max: usize,
    /// Messages a second from one connection, on average.
    pub messages_per_second: u32,
    /// Messages in one burst from one connection.
    pub messages_burst: u32,
    /// Messages queued for one connection.
    pub outgoing_messages_max: usize,
    /// Bytes queued for one connection, or being written to it.
    pub outgoing_bytes_max: usize,
    /// Bytes queued for all connections together, or being written to them.
    pub outgoing_bytes_total_max: usize,
    /// Bytes of recent events cached for one board.
    pub feed_bytes_max: usize,
    /// Bytes of recent events cached for all boards together.
    pub feed_bytes_total_max: usize,
    /// How often the heads of all boards are compared with the core's.
    pub heads_every: Duration,
    /// How long a command that arrived without a session, as from a form, waits for its outcome.
    pub outcome_within: Duration,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            connections_per_address_max: 50,
            connections_per_actor_max: 10,
            boards_per_connection_max: 64,
            messages_per_second: 20,
            messages_burst: 60,
            outgoing_messages_max: 256,
            outgoing_bytes_max: 1024 * 1024,
            outgoing_bytes_total_max: 256 * 1024 * 1024,
            feed_bytes_max: 128 * 1024,
            feed_bytes_total_max: 64 * 1024 * 1024,
            heads_every: Duration::from_secs(10),
            outcome_within: Duration::from_secs(10),
        }
    }
}
