//! The processes and servers of one fault run, with a proxy on each connection between them.

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

/// How much a process may grow beyond its size just after the start.
const MEMORY_KIB_MAX: u64 = 64 * 1024;

const LIST_QUEUES: [&str; 6] =
    ["list_queues", "name", "state", "consumers", "messages_ready", "messages_unacknowledged"];

/// Two gateways and two workers on a broker and a database of their own, or one process.
pub struct TestCluster {
    /// The processes that hold client connections.
    pub gateways: Vec<Gateway>,
    /// The workers; empty if one process does everything.
    pub workers: Vec<Worker>,
    servers: Backend,
    // Dropped after the servers whose data they hold.
    disks: Option<Disks>,
    /// The largest process just after the start.
    initial_kib: u64,
}

/// The servers behind the processes.
enum Backend {
    None { database: PathBuf, _folder: Option<TempDir> },
    Servers { postgres: Box<Postgres>, broker: Box<RabbitMq> },
}

/// Small disks that a fault can fill.
pub struct Disks {
    /// Holds the database.
    pub store: SmallDisk,
    /// Holds the broker's data.
    pub broker: SmallDisk,
}

/// What a cluster runs, and on which disks.
#[derive(Default)]
pub struct ClusterOptions {
    /// Small disks for the servers.
    pub disks: Option<Disks>,
    /// A program other than the one that was just built.
    pub program: Option<PathBuf>,
}

impl Disks {
    /// Mounts both disks.
    ///
    /// # Errors
    /// If the system does not allow mounting.
    pub fn mount() -> io::Result<Self> {
        Ok(Self { store: SmallDisk::mount()?, broker: SmallDisk::mount()? })
    }
}

impl TestCluster {
    /// Starts everything and waits until it is ready.
    ///
    /// # Panics
    /// If a server or process does not start.
    pub async fn start(bus: Bus, options: ClusterOptions) -> Self {
        let mut cluster = match bus {
            Bus::Memory => Self::in_one_process(options.disks).await,
            Bus::RabbitMq => Self::across_processes(options.disks).await,
        };
        for process in cluster.processes() {
            if let Some(program) = &options.program {
                process.set_program(program);
            }
            process.spawn();
        }
        cluster.wait_until_ready().await;
        cluster.initial_kib =
            cluster.processes().map(|it| it.memory_kib()).max().unwrap_or_default();
        cluster
    }

    async fn in_one_process(disks: Option<Disks>) -> Self {
        let folder = TempDir::with_prefix("sockbit-faults-").expect("a temporary folder");
        let parent = disks.as_ref().map_or(folder.path(), |disks| disks.store.path());
        let database = parent.join("sockbit.db");
        let store = format!("sqlite:{}", database.display());
        let arguments = [&["serve", "--store", &store], &FLAGS[..]].concat();
        let process = Process::unstarted(arguments.into_iter().map(ToOwned::to_owned).collect());
        let clients = Proxy::before(process.address()).await;
        Self {
            gateways: vec![Gateway { process, broker: None, clients }],
            workers: Vec::new(),
            servers: Backend::None { database, _folder: Some(folder) },
            disks,
            initial_kib: 0,
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
        let postgres = postgres.expect("starting it does not panic").expect("PostgreSQL starts");
        let broker = broker.expect("starting it does not panic").expect("RabbitMQ starts");
        let (mut gateways, mut workers) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            gateways.push(Gateway::before(&broker).await);
            workers.push(Worker::before(&broker, &postgres).await);
        }
        let servers = Backend::Servers { postgres: Box::new(postgres), broker: Box::new(broker) };
        Self { gateways, workers, servers, disks, initial_kib: 0 }
    }

    /// Waits until all processes are ready.
    pub async fn wait_until_ready(&mut self) {
        join_all(self.processes().map(|process| process.wait_until_ready())).await;
    }

    /// The addresses that clients connect to.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.gateways.iter().map(|it| Endpoint::at(it.clients.address())).collect()
    }

    /// The disks that can be filled.
    ///
    /// # Panics
    /// If the cluster was started without them.
    #[must_use]
    pub fn disks(&self) -> &Disks {
        self.disks.as_ref().expect("the cluster has small disks")
    }

    /// Compares the typed edits with the stored boards.
    ///
    /// # Panics
    /// If anything is missing or repeated, or the database does not open.
    pub async fn check_store(&mut self, typed: &TypingResult) {
        match &self.servers {
            Backend::Servers { postgres, .. } => {
                let store = PostgresStore::open(&postgres.url()).await.expect("the database opens");
                typed.check(&store).await;
            }
            // SQLite allows one process at a time.
            Backend::None { database, .. } => {
                let database = database.clone();
                let process = &mut self.gateways[0].process;
                assert!(process.stop().await, "the process exits successfully");
                let store = SqliteStore::open(&database).await.expect("the database opens");
                typed.check(&store).await;
                drop(store);
                process.launch().await;
            }
        }
    }

    /// Checks that no process has ended by itself or grown beyond its limit.
    ///
    /// # Panics
    /// If one has.
    pub fn check_processes(&mut self) {
        let max = self.initial_kib + MEMORY_KIB_MAX;
        for process in self.processes() {
            assert!(process.is_running(), "a process ended by itself");
            let peak = process.memory_peak_kib();
            let what = process.command_line();
            assert!(peak <= max, "{what} used {peak} KiB, more than {max} KiB");
        }
    }

    /// The last log lines of all processes and the broker's queues, to explain a failed test.
    pub fn recent_output(&mut self) -> String {
        let output: Vec<String> = self.processes().map(|process| process.recent_output()).collect();
        let queues = match &self.servers {
            Backend::Servers { broker, .. } => block_in_place(|| broker.ctl(&LIST_QUEUES)),
            Backend::None { .. } => Ok(String::new()),
        };
        let queues = queues.unwrap_or_else(|error| error.to_string());
        format!("{}\nqueues of the broker:\n{queues}", output.join("\n"))
    }

    /// The broker.
    ///
    /// # Panics
    /// If there is none.
    pub fn broker(&mut self) -> &mut RabbitMq {
        match &mut self.servers {
            Backend::Servers { broker, .. } => broker,
            Backend::None { .. } => panic!("the cluster has no broker"),
        }
    }

    /// The database server.
    ///
    /// # Panics
    /// If there is none.
    pub fn database(&mut self) -> &mut Postgres {
        match &mut self.servers {
            Backend::Servers { postgres, .. } => postgres,
            Backend::None { .. } => panic!("the cluster has no database server"),
        }
    }

    /// Kills the broker and restarts it.
    pub fn crash_broker(&mut self) {
        self.broker().kill();
        block_in_place(|| self.broker().restart()).expect("RabbitMQ restarts");
    }

    /// Kills the database and restarts it.
    pub fn crash_database(&mut self) {
        self.database().kill();
        block_in_place(|| self.database().restart()).expect("PostgreSQL restarts");
    }

    /// Restarts the database server if it ended because of a fault.
    pub fn restart_database_if_ended(&mut self) {
        let Backend::Servers { postgres, .. } = &mut self.servers else { return };
        if !postgres.is_running() {
            block_in_place(|| postgres.restart()).expect("PostgreSQL restarts");
        }
    }

    /// Runs `rabbitmqctl` on the broker.
    pub fn broker_ctl(&mut self, arguments: &[&str]) {
        block_in_place(|| self.broker().ctl(arguments)).expect("rabbitmqctl succeeds");
    }

    /// All processes of the app.
    pub fn processes(&mut self) -> impl Iterator<Item = &mut Process> {
        let gateways = self.gateways.iter_mut().map(|it| &mut it.process);
        gateways.chain(self.workers.iter_mut().map(|it| &mut it.process))
    }

    /// The proxies on all connections of one gateway and one worker, which alternate by round.
    pub(super) fn proxies(&self, round: usize) -> Vec<&Proxy> {
        let gateway = &self.gateways[round % self.gateways.len()];
        let worker = self.workers.get(round % 2);
        let inner = worker.map(|worker| [&worker.broker, &worker.database]);
        let proxies = gateway.broker.iter().chain(inner.into_iter().flatten());
        proxies.chain([&gateway.clients]).collect()
    }
}
