//! One subject, running.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use sockbit_servers::{Folder, Process};

use super::cpu_time::CpuTime;
use super::peers::Peers;
use super::processes::{processes_below, resident_kib};
use super::servers::Servers;
use super::sockbit::{BUS_KEYS, SECRET, SockBitProcess};
use super::subject::Subject;

/// The name of the processes that hold client connections.
const GATEWAY: &str = "gateway";

/// The number of processes of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    pub gateways: usize,
    pub workers: usize,
}

impl Default for Size {
    /// The same as that of the Socket.IO servers with RabbitMQ.
    fn default() -> Self {
        Self { gateways: 2, workers: 1 }
    }
}

/// The processes of a subject. They end when this is dropped.
pub struct Deployment<'a> {
    pub subject: Subject,
    /// The addresses for clients.
    pub gateways: Vec<SocketAddr>,
    /// The address of its database, if it is on Postgres, otherwise of its file.
    pub store: String,
    /// The name of its database and of its virtual host.
    name: String,
    /// The address of its virtual host, if it uses RabbitMQ.
    bus: Option<String>,
    /// Each process with the name of its group.
    processes: Vec<(&'static str, Process)>,
    /// Groups of servers, with the process above all of their processes.
    server_groups: Vec<(&'static str, u32)>,
    servers: &'a Servers,
    folder: Folder,
    size: Size,
}

impl<'a> Deployment<'a> {
    /// Starts a subject on new data and waits until it serves.
    pub fn start(subject: Subject, servers: &'a Servers, peers: Option<&Peers>) -> Result<Self> {
        Self::start_sized(subject, servers, peers, Size::default())
    }

    /// Like [`Deployment::start`], with the number of processes of a cluster.
    pub fn start_sized(
        subject: Subject,
        servers: &'a Servers,
        peers: Option<&Peers>,
        size: Size,
    ) -> Result<Self> {
        let name = servers.fresh_name();
        let folder = Folder::temporary("sockbit-bench")?;
        let store = match subject {
            Subject::Sqlite => format!("sqlite:{}", folder.path().join("sockbit.db").display()),
            _ => servers.create_database(&name)?,
        };
        let mut deployment = Self {
            subject,
            gateways: Vec::new(),
            store,
            name,
            bus: None,
            processes: Vec::new(),
            server_groups: Vec::new(),
            servers,
            folder,
            size,
        };
        deployment.add_servers()?;
        match subject {
            Subject::Sqlite | Subject::Postgres => deployment.start_one_process()?,
            Subject::Cluster => deployment.start_cluster()?,
            Subject::SocketioRabbitmq | Subject::SocketioRedis => {
                deployment.start_peer(peers.context("the Socket.IO servers are not installed")?)?;
            }
        }
        Ok(deployment)
    }

    /// Stops SockBit's processes, lets a function change the store, and starts them again.
    pub fn restart_after(&mut self, change: impl FnOnce(&str) -> Result<()>) -> Result<()> {
        for (_, process) in self.processes.drain(..) {
            process.stop();
        }
        change(&self.store)?;
        self.gateways.clear();
        match self.subject {
            Subject::Cluster => self.start_cluster(),
            _ => self.start_one_process(),
        }
    }

    /// CPU time so far, by group.
    pub fn cpu_time(&self) -> CpuTime {
        let own = self.processes.iter().map(|(group, process)| (*group, process.id()));
        CpuTime::of(&own.chain(self.server_groups.iter().copied()).collect::<Vec<_>>())
    }

    /// Resident memory of the processes that hold client connections, in KiB.
    pub fn gateway_memory_kib(&self) -> u64 {
        let gateways = self.processes.iter().filter(|(group, _)| *group == GATEWAY);
        gateways.map(|(_, process)| resident_kib(&processes_below(process.id()))).sum()
    }

    /// Runs a statement in the database of a Socket.IO server.
    pub fn sql(&self, statement: &str) -> Result<String> {
        Ok(self.servers.postgres.psql_in(&self.name, statement)?)
    }

    fn add_servers(&mut self) -> Result<()> {
        let uses_rabbitmq = matches!(self.subject, Subject::Cluster | Subject::SocketioRabbitmq);
        if self.subject != Subject::Sqlite {
            let id = self.servers.postgres.process_id().context("Postgres has ended")?;
            self.server_groups.push(("postgres", id));
        }
        if uses_rabbitmq {
            self.bus = Some(self.servers.create_virtual_host(&self.name)?);
            let id = self.servers.rabbitmq.process_id().context("RabbitMQ has ended")?;
            self.server_groups.push(("rabbitmq", id));
        }
        if self.subject == Subject::SocketioRedis {
            let redis = self.servers.redis.as_ref().context("Redis does not run")?;
            self.server_groups.push(("redis", redis.process_id()));
        }
        Ok(())
    }

    fn start_one_process(&mut self) -> Result<()> {
        let settings = [("SOCKBIT_STORE", &*self.store), ("SOCKBIT_SECRET", SECRET)];
        let process = SockBitProcess::start("serve", GATEWAY, &self.folder, &settings)?;
        self.add_sockbit(vec![(GATEWAY, process)])
    }

    fn start_cluster(&mut self) -> Result<()> {
        let bus = self.bus.clone().context("a cluster uses RabbitMQ")?;
        let bus = [("SOCKBIT_BUS", &*bus), ("SOCKBIT_BUS_KEYS", BUS_KEYS)];
        let mut started = Vec::new();
        for number in 1..=self.size.workers {
            let settings = [&bus[..], &[("SOCKBIT_STORE", &*self.store)]].concat();
            let name = format!("worker-{number}");
            let process = SockBitProcess::start("worker", &name, &self.folder, &settings)?;
            started.push(("worker", process));
        }
        for number in 1..=self.size.gateways {
            let settings = [&bus[..], &[("SOCKBIT_SECRET", SECRET)]].concat();
            let name = format!("{GATEWAY}-{number}");
            let process = SockBitProcess::start(GATEWAY, &name, &self.folder, &settings)?;
            started.push((GATEWAY, process));
        }
        self.add_sockbit(started)
    }

    fn add_sockbit(&mut self, started: Vec<(&'static str, SockBitProcess)>) -> Result<()> {
        for (group, mut it) in started {
            it.wait_until_ready(&self.folder)?;
            if group == GATEWAY {
                self.gateways.push(on_loopback(it.port));
            }
            self.processes.push((group, it.process));
        }
        Ok(())
    }

    fn start_peer(&mut self, peers: &Peers) -> Result<()> {
        self.sql(&Peers::schema()?)?;
        let store = self.store.clone();
        let mut settings = vec![("DATABASE_URL", &*store)];
        let bus;
        let gateway = if self.subject == Subject::SocketioRabbitmq {
            bus = self.bus.clone().context("it uses RabbitMQ")?;
            settings.push(("AMQP_URL", &*bus));
            let (worker, _) =
                peers.start("rabbitmq-worker.js", "worker", &self.folder, &settings)?;
            self.processes.push(("worker", worker));
            "rabbitmq-gateway.js"
        } else {
            bus = self.servers.redis.as_ref().context("Redis does not run")?.url();
            settings.push(("REDIS_URL", &*bus));
            "redis-gateway.js"
        };
        for number in 1..=self.size.gateways {
            let name = format!("{GATEWAY}-{number}");
            let (process, port) = peers.start(gateway, &name, &self.folder, &settings)?;
            self.processes.push((GATEWAY, process));
            self.gateways.push(on_loopback(port));
        }
        Ok(())
    }
}

impl Drop for Deployment<'_> {
    fn drop(&mut self) {
        // Gateways first, as they need the workers to finish.
        while let Some((_, process)) = self.processes.pop() {
            process.stop();
        }
        // The servers end soon; until then their background work would be measured with others.
        if self.subject != Subject::Sqlite {
            let _ = self.servers.drop_database(&self.name);
        }
        if matches!(self.subject, Subject::Cluster | Subject::SocketioRabbitmq) {
            let _ = self.servers.delete_virtual_host(&self.name);
        }
    }
}

fn on_loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
