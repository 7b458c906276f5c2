//! All that the app runs on, with a line to cut before each part.

use std::io;
use std::path::PathBuf;

use futures::future::join_all;
use sockbit_postgres::PostgresStore;
use sockbit_servers::{Folder, Postgres, RabbitMq};
use sockbit_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::task::{block_in_place, spawn_blocking};

use super::TypingResult;
use super::bus_and_transport::Bus;
use super::proxied_processes::{FLAGS, Gateway, Worker};
use super::small_disk::SmallDisk;
use crate::proxy::Proxy;
use crate::system::{Endpoint, Process};

/// What a process may take beyond what it took when it had just started.
const MEMORY_KIB_MAX: u64 = 64 * 1024;

const LIST_QUEUES: [&str; 6] =
    ["list_queues", "name", "state", "consumers", "messages_ready", "messages_unacknowledged"];

/// Two gateways and two workers on a broker and a database of their own, or all in one process.
pub struct TestCluster {
    /// They hold connections.
    pub gateways: Vec<Gateway>,
    /// They decide and write; none where that is done in the one process.
    pub workers: Vec<Worker>,
    servers: Backend,
    // After those who live on them.
    disks: Option<Disks>,
    /// The most that a process took when it had just started.
    fresh_kib: u64,
}

/// Behind the processes.
enum Backend {
    None { database: PathBuf, _folder: Option<TempDir> },
    Apart { postgres: Box<Postgres>, broker: Box<RabbitMq> },
}

/// Small disks, to be filled.
pub struct Disks {
    /// Under the database.
    pub store: SmallDisk,
    /// Under the broker.
    pub broker: SmallDisk,
}

/// What a house stands on, and what runs in it.
#[derive(Default)]
pub struct ClusterOptions {
    /// Disks that can be filled.
    pub disks: Option<Disks>,
    /// A program other than the one that was just built.
    pub program: Option<PathBuf>,
}

impl Disks {
    /// Both.
    ///
    /// # Errors
    /// Where the system does not let us mount them.
    pub fn mount() -> io::Result<Self> {
        Ok(Self { store: SmallDisk::mount()?, broker: SmallDisk::mount()? })
    }
}

impl TestCluster {
    /// Starts everything, and waits until all can serve.
    ///
    /// # Panics
    /// Where something does not start.
    pub async fn start(bus: Bus, cluster_options: ClusterOptions) -> Self {
        let mut cluster = match bus {
            Bus::Memory => Self::in_one_process(cluster_options.disks).await,
            Bus::RabbitMq => Self::across_processes(cluster_options.disks).await,
        };
        for process in cluster.processes() {
            if let Some(program) = &cluster_options.program {
                process.set_program(program);
            }
            process.spawn();
        }
        cluster.wait_until_ready().await;
        cluster.fresh_kib = cluster.processes().map(|it| it.memory_kib()).max().unwrap_or_default();
        cluster
    }

    async fn in_one_process(disks: Option<Disks>) -> Self {
        let folder = TempDir::with_prefix("sockbit-faults-").expect("a temporary folder");
        let place = disks.as_ref().map_or(folder.path(), |disks| disks.store.path());
        let database = place.join("sockbit.db");
        let store = format!("sqlite:{}", database.display());
        let arguments = [&["serve", "--store", &store], &FLAGS[..]].concat();
        let process = Process::unstarted(arguments.into_iter().map(ToOwned::to_owned).collect());
        let clients = Proxy::before(process.address()).await;
        Self {
            gateways: vec![Gateway { process, broker: None, clients }],
            workers: Vec::new(),
            servers: Backend::None { database, _folder: Some(folder) },
            disks,
            fresh_kib: 0,
        }
    }

    async fn across_processes(disks: Option<Disks>) -> Self {
        let folder = |disk: &SmallDisk| Folder::kept(disk.path()).expect("a folder");
        let folders = disks.as_ref().map(|it| (folder(&it.store), folder(&it.broker)));
        let (store, broker) = folders.unzip();
        let (postgres, broker) = tokio::join!(
            spawn_blocking(|| store.map_or_else(Postgres::start, Postgres::start_in)),
            spawn_blocking(|| broker.map_or_else(RabbitMq::start, RabbitMq::start_in)),
        );
        let postgres = postgres.expect("it does not panic").expect("PostgreSQL starts");
        let broker = broker.expect("it does not panic").expect("RabbitMQ starts");
        let (mut gateways, mut workers) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            gateways.push(Gateway::before(&broker).await);
            workers.push(Worker::before(&broker, &postgres).await);
        }
        let servers = Backend::Apart { postgres: Box::new(postgres), broker: Box::new(broker) };
        Self { gateways, workers, servers, disks, fresh_kib: 0 }
    }

    /// Waits until all processes can serve.
    pub async fn wait_until_ready(&mut self) {
        join_all(self.processes().map(|process| process.wait_until_ready())).await;
    }

    /// Where clients reach it.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.gateways.iter().map(|it| Endpoint::at(it.clients.address())).collect()
    }

    /// The disks that can be filled.
    ///
    /// # Panics
    /// Where it was started without.
    #[must_use]
    pub fn disks(&self) -> &Disks {
        self.disks.as_ref().expect("it stands on small disks")
    }

    /// Checks what people typed against what is stored.
    ///
    /// # Panics
    /// Where it is not all there, once, or the database does not open.
    pub async fn check_store(&mut self, typed: &TypingResult) {
        match &self.servers {
            Backend::Apart { postgres, .. } => {
                let store = PostgresStore::open(&postgres.url()).await.expect("it is whole");
                typed.check(&store).await;
            }
            // One process at a time has a database of SQLite.
            Backend::None { database, .. } => {
                let database = database.clone();
                let process = &mut self.gateways[0].process;
                assert!(process.stop().await, "it ends well when it is asked to");
                let store = SqliteStore::open(&database).await.expect("it is whole");
                typed.check(&store).await;
                drop(store);
                process.launch().await;
            }
        }
    }

    /// Checks that nobody ended by themselves, and that nobody took more memory than they may.
    ///
    /// # Panics
    /// Where somebody did.
    pub fn check_processes(&mut self) {
        let max = self.fresh_kib + MEMORY_KIB_MAX;
        for process in self.processes() {
            assert!(process.is_running(), "a process ended by itself");
            let peak = process.memory_peak_kib();
            let what = process.what();
            assert!(peak <= max, "{what} took {peak} KiB, and may take {max}");
        }
    }

    /// What everybody said last and what waits in the broker, for whoever wants to know why a test failed.
    pub fn recent_output(&mut self) -> String {
        let said: Vec<String> = self.processes().map(|process| process.recent_output()).collect();
        let waiting = match &self.servers {
            Backend::Apart { broker, .. } => block_in_place(|| broker.ctl(&LIST_QUEUES)),
            Backend::None { .. } => Ok(String::new()),
        };
        let waiting = waiting.unwrap_or_else(|error| error.to_string());
        format!("{}\nin the broker:\n{waiting}", said.join("\n"))
    }

    /// The broker.
    ///
    /// # Panics
    /// Where there is none.
    pub fn broker(&mut self) -> &mut RabbitMq {
        match &mut self.servers {
            Backend::Apart { broker, .. } => broker,
            Backend::None { .. } => panic!("there is no broker"),
        }
    }

    /// The database server.
    ///
    /// # Panics
    /// Where there is none.
    pub fn database(&mut self) -> &mut Postgres {
        match &mut self.servers {
            Backend::Apart { postgres, .. } => postgres,
            Backend::None { .. } => panic!("there is no database server"),
        }
    }

    /// Kills the broker and starts it again.
    pub fn crash_broker(&mut self) {
        self.broker().kill();
        block_in_place(|| self.broker().restart()).expect("RabbitMQ comes back");
    }

    /// Kills the database and starts it again.
    pub fn crash_database(&mut self) {
        self.database().kill();
        block_in_place(|| self.database().restart()).expect("PostgreSQL comes back");
    }

    /// Starts the database server again, if there is one and it did not survive what happened to it.
    pub fn revive_database(&mut self) {
        let Backend::Apart { postgres, .. } = &mut self.servers else { return };
        if !postgres.is_running() {
            block_in_place(|| postgres.restart()).expect("PostgreSQL comes back");
        }
    }

    /// Has the broker do something.
    pub fn broker_ctl(&mut self, arguments: &[&str]) {
        block_in_place(|| self.broker().ctl(arguments)).expect("RabbitMQ obeys");
    }

    /// All processes of the app.
    pub fn processes(&mut self) -> impl Iterator<Item = &mut Process> {
        let gateways = self.gateways.iter_mut().map(|it| &mut it.process);
        gateways.chain(self.workers.iter_mut().map(|it| &mut it.process))
    }

    /// All lines that can be cut or slowed down, of the one or the other of two alike.
    pub(super) fn proxies(&self, round: usize) -> Vec<&Proxy> {
        let gateway = &self.gateways[round % self.gateways.len()];
        let worker = self.workers.get(round % 2);
        let inner = worker.map(|worker| [&worker.broker, &worker.database]);
        let proxies = gateway.broker.iter().chain(inner.into_iter().flatten());
        proxies.chain([&gateway.clients]).collect()
    }
}
