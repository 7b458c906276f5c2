//! A private RabbitMQ broker with an Erlang registry of its own, on loopback.

mod probe;
mod settings;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use settings::{Ports, Settings};

use crate::folder::random_number;
use crate::process::{Process, Program, StopSignals};
use crate::program_paths::{self, output};
use crate::system_account::Account;
use crate::{Deadline, Folder, ServerError, free_port, wait_until};

const SERVER: &str = "RabbitMQ";
const NAME: &str = "rabbitmq";
const REGISTRY: &str = "epmd";
const NODE_FILE: &str = "node";
const READY_WITHIN: Duration = Duration::from_mins(2);
const REGISTRY_WITHIN: Duration = Duration::from_secs(10);
const TRIES: usize = 5;
/// What the broker logs if one of its ports is in use.
const PORT_IN_USE: [&str; 3] = ["eaddrinuse", "address already in use", "port_in_use"];

const TERMINATE: StopSignals = StopSignals { graceful: "TERM", immediate: "KILL" };

/// A broker that runs until this is dropped.
#[derive(Debug)]
pub struct RabbitMq {
    // Before the registry, and both before the folder, so that they end before their data are
    // removed.
    broker: Option<Process>,
    registry: Option<Process>,
    folder: Folder,
    programs: PathBuf,
    epmd: PathBuf,
    account: Option<Account>,
    /// A unique name.
    node: String,
    ports: Ports,
}

impl RabbitMq {
    /// Whether its programs are installed.
    #[must_use]
    pub fn is_installed() -> bool {
        program_paths::rabbitmq_folder().is_some() && program_paths::epmd().is_some()
    }

    /// A new broker in a temporary folder.
    pub fn start() -> Result<Self, ServerError> {
        Self::start_in(Folder::temporary("sockbit-rabbitmq")?)
    }

    /// A broker on the folder's data, or on new data.
    pub fn start_in(folder: Folder) -> Result<Self, ServerError> {
        let missing = |program| ServerError::Missing { program };
        let programs = program_paths::rabbitmq_folder().ok_or(missing("rabbitmq-server"))?;
        let epmd = program_paths::epmd().ok_or(missing(REGISTRY))?;
        let account = Account::for_servers()?;
        folder.chown_to(account)?;
        // The data belong to a node of this name.
        let node =
            folder.text_created_once(NODE_FILE, || format!("sockbit-{:016x}", random_number()))?;
        let (broker, registry, ports) = (None, None, Ports::default());
        let mut server = Self { broker, registry, folder, programs, epmd, account, node, ports };
        server.start_on_free_port()?;
        Ok(server)
    }

    /// Its address, as administrator.
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.ports.clients)
    }

    /// Its port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.clients
    }

    /// The folder of its data and log.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The id of the process above all of its processes, if it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.broker.as_ref().map(Process::id)
    }

    /// Whether it runs: it may have ended by itself.
    pub fn is_running(&mut self) -> bool {
        self.broker.as_mut().is_some_and(|broker| broker.ended().is_none())
    }

    /// The last lines of its log.
    #[must_use]
    pub fn last_lines(&self) -> String {
        self.folder.last_lines(NAME)
    }

    /// Kills it and all its child processes, as a crash would. Its data stay.
    pub fn kill(&mut self) {
        if let Some(broker) = self.broker.take() {
            broker.kill();
        }
    }

    /// Stops it gracefully and waits for its end. Its data stay.
    pub fn stop(&mut self) {
        if let Some(broker) = self.broker.take() {
            broker.stop();
        }
    }

    /// Starts it again on the same port and data, whether it runs or not.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.stop();
        self.start_broker()
    }

    /// Kills it, removes its data, and starts it again on the same port.
    pub fn wipe(&mut self) -> Result<(), ServerError> {
        self.kill();
        self.folder.remove(settings::DATA)?;
        self.start_broker()
    }

    /// Runs `rabbitmqctl` on this broker; its output.
    pub fn ctl(&self, arguments: &[&str]) -> Result<String, ServerError> {
        let program = self.programs.join("rabbitmqctl");
        let mut command = Command::new(&program);
        command
            .args(["--quiet", "--node", &self.settings().node_name()])
            .args(arguments)
            .env_clear()
            .env("PATH", program_paths::search_path())
            .envs(self.settings().environment())
            .current_dir(self.folder.path());
        if let Some(account) = self.account {
            account.apply_to(&mut command);
        }
        output(program, command, &format!("rabbitmqctl {}", arguments.join(" ")))
    }

    fn start_on_free_port(&mut self) -> Result<(), ServerError> {
        for _ in 1..TRIES {
            match self.start_on(free_ports()?) {
                Err(ServerError::Ended { .. }) if self.has_port_conflict() => {}
                done => return done,
            }
        }
        self.start_on(free_ports()?)
    }

    fn start_on(&mut self, ports: Ports) -> Result<(), ServerError> {
        self.ports = ports;
        self.registry = None;
        self.start_registry()?;
        self.start_broker()
    }

    /// The registry runs as long as this process, independently of the broker.
    fn start_registry(&mut self) -> Result<(), ServerError> {
        let port = self.ports.registry;
        let arguments = ["-port".to_owned(), port.to_string()];
        let mut registry = self.run(REGISTRY, &self.epmd, &arguments)?;
        let listens = || probe::listens(port);
        wait_until(Deadline::after(REGISTRY_WITHIN), || registry.ended().is_some() || listens());
        if registry.ended().is_some() {
            return Err(ServerError::Ended {
                server: SERVER,
                log: self.folder.last_lines(REGISTRY),
            });
        }
        self.registry = Some(registry);
        Ok(())
    }

    fn start_broker(&mut self) -> Result<(), ServerError> {
        self.settings().write(&self.folder)?;
        let log_bytes_before = self.folder.log_bytes(NAME);
        let file = self.programs.join("rabbitmq-server");
        let mut broker = self.run(NAME, &file, &[])?;
        let port = self.ports.clients;
        let has_finished = wait_until(Deadline::after(READY_WITHIN), || {
            broker.ended().is_some()
                || (probe::serves(port, &self.node) && self.reports_ready(log_bytes_before))
        });
        let log = self.folder.last_lines(NAME);
        if broker.ended().is_some() {
            return Err(ServerError::Ended { server: SERVER, log });
        }
        if !has_finished {
            return Err(ServerError::NotReady { server: SERVER, waited: READY_WITHIN, log });
        }
        self.broker = Some(broker);
        Ok(())
    }

    /// It accepts clients a little before it accepts `rabbitmqctl`, and logs when it does.
    fn reports_ready(&self, log_bytes_before: u64) -> bool {
        self.folder.log_since(NAME, log_bytes_before).contains("Server startup complete")
    }

    fn has_port_conflict(&self) -> bool {
        let logs = [self.folder.log(REGISTRY), self.folder.log(NAME)];
        logs.iter().any(|log| PORT_IN_USE.iter().any(|words| log.contains(words)))
    }

    fn run(&self, name: &str, file: &Path, arguments: &[String]) -> Result<Process, ServerError> {
        let program = Program {
            name: name.to_owned(),
            file: file.to_owned(),
            arguments: arguments.to_vec(),
            environment: self.settings().environment(),
            stop_signals: TERMINATE,
        };
        Process::start_as(self.account, &self.folder, &program)
    }

    fn settings(&self) -> Settings<'_> {
        Settings { folder: self.folder.path(), node: &self.node, ports: self.ports }
    }
}

fn free_ports() -> Result<Ports, ServerError> {
    Ok(Ports { clients: free_port()?, nodes: free_port()?, registry: free_port()? })
}
