//! All that the app runs on, with a line to cut before each part.

use std::net::SocketAddr;

use futures::future::join_all;
use sockbit_postgres::PostgresStore;
use sockbit_servers::{Postgres, RabbitMq};
use tokio::task::{block_in_place, spawn_blocking};

use crate::proxy::{Line, Proxy};
use crate::system::{Cluster, Front, Process};

pub(super) const NAMESPACE: &str = "faults";
/// For whoever wants to know why a test failed.
const FLAGS: [&str; 2] = ["--log", "info"];

/// Two gateways and two workers, on a broker and a database of their own.
pub struct House {
    /// Behind the workers.
    pub postgres: Postgres,
    /// Between gateways and workers.
    pub broker: RabbitMq,
    /// They hold connections.
    pub gateways: Vec<Gateway>,
    /// They decide and write.
    pub workers: Vec<Worker>,
}

/// A gateway and its lines.
pub struct Gateway {
    /// The gateway itself.
    pub process: Process,
    /// To the broker.
    pub broker: Proxy,
    /// From clients.
    pub clients: Proxy,
}

/// A worker and its lines.
pub struct Worker {
    /// The worker itself.
    pub process: Process,
    /// To the broker.
    pub broker: Proxy,
    /// To the database.
    pub database: Proxy,
}

impl House {
    /// Starts everything, and waits until all can serve.
    ///
    /// # Panics
    /// Where something does not start.
    pub async fn start() -> Self {
        let (postgres, broker) =
            tokio::join!(spawn_blocking(Postgres::start), spawn_blocking(RabbitMq::start));
        let postgres = postgres.expect("it does not panic").expect("PostgreSQL starts");
        let broker = broker.expect("it does not panic").expect("RabbitMQ starts");
        let (mut gateways, mut workers) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            gateways.push(Gateway::before(&broker).await);
            workers.push(Worker::before(&broker, &postgres).await);
        }
        let mut house = Self { postgres, broker, gateways, workers };
        for process in house.processes() {
            process.begin();
        }
        house.is_ready().await;
        house
    }

    /// Waits until all processes can serve.
    pub async fn is_ready(&mut self) {
        join_all(self.processes().map(|process| process.ready())).await;
    }

    /// Where clients reach it.
    #[must_use]
    pub fn fronts(&self) -> Vec<Front> {
        self.gateways.iter().map(|it| Front::at(it.clients.address())).collect()
    }

    /// What is stored.
    ///
    /// # Panics
    /// Where the database does not open.
    pub async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.postgres.url()).await.expect("the database is whole")
    }

    /// Kills the broker and starts it again.
    pub fn crash_broker(&mut self) {
        self.broker.kill();
        block_in_place(|| self.broker.restart()).expect("RabbitMQ comes back");
    }

    /// Kills the database and starts it again.
    pub fn crash_database(&mut self) {
        self.postgres.kill();
        block_in_place(|| self.postgres.restart()).expect("PostgreSQL comes back");
    }

    /// Has the broker do something.
    pub fn tell_broker(&self, arguments: &[&str]) {
        block_in_place(|| self.broker.ctl(arguments)).expect("RabbitMQ obeys");
    }

    /// All processes of the app.
    pub fn processes(&mut self) -> impl Iterator<Item = &mut Process> {
        let gateways = self.gateways.iter_mut().map(|it| &mut it.process);
        gateways.chain(self.workers.iter_mut().map(|it| &mut it.process))
    }
}

impl Gateway {
    async fn before(broker: &RabbitMq) -> Self {
        let (broker, bus) = line(&broker.url(), broker.port()).await;
        let process = Cluster::gateway(&bus, NAMESPACE, &FLAGS);
        let clients = Proxy::before(process.address()).await;
        Self { process, broker, clients }
    }
}

impl Worker {
    async fn before(broker: &RabbitMq, postgres: &Postgres) -> Self {
        let (broker, bus) = line(&broker.url(), broker.port()).await;
        let (database, store) = line(&postgres.url(), postgres.port()).await;
        let process = Cluster::worker(&store, &bus, NAMESPACE, &FLAGS);
        Self { process, broker, database }
    }

    /// Ends it as a power cut would, with all that it said and that is still on its way.
    pub async fn kill(&mut self) {
        self.process.kill().await;
        self.set(Line::Cut);
    }

    /// Starts it again on lines that are whole.
    pub async fn start_again(&mut self) {
        self.set(Line::Whole);
        self.process.start_again().await;
    }

    fn set(&self, line: Line) {
        self.broker.set(line);
        self.database.set(line);
    }
}

/// A line to a server on this machine, and the address that leads along it.
async fn line(url: &str, port: u16) -> (Proxy, String) {
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    let proxy = Proxy::before(server).await;
    let address = url.replace(&server.to_string(), &proxy.address().to_string());
    assert_ne!(address, url, "the address names the server by its number");
    (proxy, address)
}
