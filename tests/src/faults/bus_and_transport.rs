//! The variants of the app that the fault rig tests: bus and transport.

/// The bus between gateways and workers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bus {
    /// One process on SQLite.
    Memory,
    /// Two gateways and two workers on PostgreSQL.
    RabbitMq,
}

impl Bus {
    /// All variants.
    pub const ALL: [Self; 2] = [Self::Memory, Self::RabbitMq];

    /// The name on the command line and in test names.
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
    /// A WebSocket for everything.
    WebSocket,
}

impl Transport {
    /// All variants.
    pub const ALL: [Self; 1] = [Self::WebSocket];

    /// The name on the command line and in test names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
        }
    }
}
