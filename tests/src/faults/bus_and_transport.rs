//! What the app under test is wired with: the rig is the same for all of it.

/// What carries messages between those who hold connections and those who decide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bus {
    /// All in one process, on SQLite.
    Memory,
    /// Two gateways and two workers, on PostgreSQL.
    RabbitMq,
}

impl Bus {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Memory, Self::RabbitMq];

    /// As in what is asked for and told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::RabbitMq => "rabbitmq",
        }
    }
}

/// How clients are connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// WebSocket, for all that a client says and hears.
    WebSocket,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::WebSocket];

    /// As in what is asked for and told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
        }
    }
}
