//! The processes of the app, each with proxies on its connections.

use std::net::SocketAddr;

use sockbit_servers::{Postgres, RabbitMq};

use crate::proxy::{NetworkState, Proxy};
use crate::system::{Cluster, Process};

pub(super) const NAMESPACE: &str = "faults";
/// All clients come from this machine, so address limits are lifted. The log explains failed tests.
pub(super) const FLAGS: [&str; 10] = [
    "--connections-per-address",
    "100000",
    "--sockets-per-address",
    "100000",
    "--requests-per-second",
    "100000",
    "--requests-burst",
    "100000",
    "--log",
    "info",
];

/// A gateway and the proxies on its connections.
pub struct Gateway {
    /// The gateway itself.
    pub process: Process,
    /// To the broker, if there is one.
    pub broker: Option<Proxy>,
    /// From clients.
    pub clients: Proxy,
}

/// A worker and the proxies on its connections.
pub struct Worker {
    /// The worker itself.
    pub process: Process,
    /// To the broker.
    pub broker: Proxy,
    /// To the database.
    pub database: Proxy,
}

impl Gateway {
    pub(super) async fn before(broker: &RabbitMq) -> Self {
        let (broker, bus) = proxied(&broker.url(), broker.port()).await;
        let process = Cluster::gateway(&bus, NAMESPACE, &FLAGS);
        let clients = Proxy::before(process.address()).await;
        Self { process, broker: Some(broker), clients }
    }
}

impl Worker {
    pub(super) async fn before(broker: &RabbitMq, postgres: &Postgres) -> Self {
        let (broker, bus) = proxied(&broker.url(), broker.port()).await;
        let (database, store) = proxied(&postgres.url(), postgres.port()).await;
        let process = Cluster::worker(&store, &bus, NAMESPACE, &FLAGS);
        Self { process, broker, database }
    }

    /// Kills it as a power failure would, with all bytes in transit.
    pub async fn kill(&mut self) {
        self.process.kill().await;
        self.set(NetworkState::Down);
    }

    /// Starts it again on working connections.
    pub async fn launch(&mut self) {
        self.set(NetworkState::Healthy);
        self.process.launch().await;
    }

    fn set(&self, state: NetworkState) {
        self.broker.set(state);
        self.database.set(state);
    }
}

/// A proxy before a server on this machine, and the server's address through the proxy.
async fn proxied(url: &str, port: u16) -> (Proxy, String) {
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    let proxy = Proxy::before(server).await;
    let address = url.replace(&server.to_string(), &proxy.address().to_string());
    assert_ne!(address, url, "the address names the server by its number");
    (proxy, address)
}
