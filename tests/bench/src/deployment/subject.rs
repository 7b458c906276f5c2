//! What can be measured.

use clap::ValueEnum;

/// A deployment shape of SockBit, or a Socket.IO server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub enum Subject {
    /// SockBit, one process on SQLite
    Sqlite,
    /// SockBit, one process on Postgres
    Postgres,
    /// SockBit, two gateways and a worker on RabbitMQ and Postgres
    Cluster,
    /// Socket.IO, two gateways and a worker on RabbitMQ and Postgres
    SocketioRabbitmq,
    /// Socket.IO, two gateways on Redis and Postgres
    SocketioRedis,
}

impl Subject {
    pub const ALL: [Self; 5] =
        [Self::Sqlite, Self::Postgres, Self::Cluster, Self::SocketioRabbitmq, Self::SocketioRedis];

    /// Whether it is not SockBit.
    pub fn is_peer(self) -> bool {
        matches!(self, Self::SocketioRabbitmq | Self::SocketioRedis)
    }

    /// Its name in tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SockBit, one process, SQLite",
            Self::Postgres => "SockBit, one process, Postgres",
            Self::Cluster => "SockBit, cluster",
            Self::SocketioRabbitmq => "Socket.IO + RabbitMQ",
            Self::SocketioRedis => "Socket.IO + Redis",
        }
    }
}
