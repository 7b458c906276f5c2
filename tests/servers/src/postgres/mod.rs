//! A private PostgreSQL server: its own database cluster, without passwords, on loopback.

mod probe;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::process::{Process, Program, StopSignals};
use crate::program_paths::{self, output};
use crate::system_account::Account;
use crate::{Deadline, Folder, ServerError, free_port, wait_until};

const SERVER: &str = "PostgreSQL";
const NAME: &str = "postgres";
const USER: &str = "postgres";
/// Exists in every database cluster.
const DATABASE: &str = "postgres";
const DATA: &str = "data";
/// Renamed to `data` once it is complete.
const UNFINISHED: &str = "data.new";
const READY_WITHIN: Duration = Duration::from_mins(1);
const TRIES: usize = 5;
const CHILDREN_GONE_AFTER: Duration = Duration::from_millis(500);
/// Clients may use nearly all of them.
const CONNECTIONS: u16 = 200;

const INTERRUPT_ALL: StopSignals = StopSignals { graceful: "INT", immediate: "QUIT" };

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Postgres {
    // Before the folder, so that it ends before its data are removed.
    process: Option<Process>,
    folder: Folder,
    programs: PathBuf,
    account: Option<Account>,
    port: u16,
}

impl Postgres {
    /// Whether its programs are installed.
    #[must_use]
    pub fn is_installed() -> bool {
        program_paths::postgres_folder().is_some()
    }

    /// A new server in a temporary folder.
    pub fn start() -> Result<Self, ServerError> {
        Self::start_in(Folder::temporary("sockbit-postgres")?)
    }

    /// A server on the folder's data, or on a new database cluster.
    pub fn start_in(folder: Folder) -> Result<Self, ServerError> {
        let missing = ServerError::Missing { program: NAME };
        let programs = program_paths::postgres_folder().ok_or(missing)?;
        let account = Account::for_servers()?;
        folder.chown_to(account)?;
        let mut server = Self { process: None, folder, programs, account, port: 0 };
        server.make_data()?;
        server.start_on_free_port()?;
        Ok(server)
    }

    /// The address of an empty database, as superuser.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(DATABASE)
    }

    /// The address of a database, as superuser.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Its port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its data and log.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The id of the process above all of its processes, if it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Whether it runs: it may have ended by itself.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_none())
    }

    /// The last lines of its log.
    #[must_use]
    pub fn last_lines(&self) -> String {
        self.folder.last_lines(NAME)
    }

    /// Kills it and all its child processes, as a crash would. Its data stay.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Stops it gracefully and waits for its end. Its data stay.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop();
        }
    }

    /// Starts it again on the same port and data, whether it runs or not.
    pub fn restart(&mut self) -> Result<(), ServerError> {
        self.stop();
        for _ in 1..TRIES {
            match self.start_on(self.port) {
                // The child processes of a killed server need a moment to notice.
                Err(ServerError::Ended { log, .. }) if log.contains("is still in use") => {
                    sleep(CHILDREN_GONE_AFTER);
                }
                done => return done,
            }
        }
        self.start_on(self.port)
    }

    /// Runs a statement with `psql`; the rows of its result, one a line.
    pub fn psql(&self, statement: &str) -> Result<String, ServerError> {
        self.psql_in(DATABASE, statement)
    }

    /// Like [`Postgres::psql`], in another database.
    pub fn psql_in(&self, database: &str, statement: &str) -> Result<String, ServerError> {
        let program = self.programs.join("psql");
        let mut command = Command::new(&program);
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        command.args(["--dbname", &self.url_of(database), "--command", statement]);
        output(program, command, &format!("psql {statement}"))
    }

    fn start_on_free_port(&mut self) -> Result<(), ServerError> {
        for _ in 1..TRIES {
            match self.start_on(free_port()?) {
                Err(ServerError::Ended { log, .. }) if log.contains("Address already in use") => {}
                done => return done,
            }
        }
        self.start_on(free_port()?)
    }

    fn start_on(&mut self, port: u16) -> Result<(), ServerError> {
        self.port = port;
        let mut process = self.run(NAME, "postgres", &arguments(port))?;
        let has_finished = wait_until(Deadline::after(READY_WITHIN), || {
            process.ended().is_some() || (self.reports_ready() && probe::serves(port, USER))
        });
        if process.ended().is_some() {
            return Err(self.has_ended(NAME));
        }
        if !has_finished {
            let log = self.folder.last_lines(NAME);
            return Err(ServerError::NotReady { server: SERVER, waited: READY_WITHIN, log });
        }
        self.process = Some(process);
        Ok(())
    }

    fn make_data(&self) -> Result<(), ServerError> {
        let data = self.folder.path().join(DATA);
        if data.is_dir() {
            return Ok(());
        }
        self.folder.remove(UNFINISHED)?;
        let arguments = ["-D", UNFINISHED, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"];
        let arguments = [&arguments.map(str::to_owned)[..], &["--locale=C".to_owned()]].concat();
        let status = self.run("initdb", "initdb", &arguments)?.wait(Deadline::after(READY_WITHIN));
        if !status.is_some_and(|it| it.success()) {
            return Err(self.has_ended("initdb"));
        }
        let unfinished = self.folder.path().join(UNFINISHED);
        fs::rename(unfinished, data).map_err(|source| self.folder.fault(source))
    }

    fn run(&self, name: &str, file: &str, arguments: &[String]) -> Result<Process, ServerError> {
        let program = Program {
            name: name.to_owned(),
            file: self.programs.join(file),
            arguments: arguments.to_vec(),
            environment: vec![("LC_ALL".to_owned(), "C".to_owned())],
            stop_signals: INTERRUPT_ALL,
        };
        Process::start_as(self.account, &self.folder, &program)
    }

    /// The server writes its status into a file in its data folder once it has its port, so another
    /// server on that port is not mistaken for it.
    fn reports_ready(&self) -> bool {
        self.status_file_lines().get(7).is_some_and(|status| status.trim_end() == "ready")
    }

    fn status_file_lines(&self) -> Vec<String> {
        let file = self.folder.path().join(DATA).join("postmaster.pid");
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn has_ended(&self, name: &str) -> ServerError {
        ServerError::Ended { server: SERVER, log: self.folder.last_lines(name) }
    }

    /// A killed server leaves a few bytes of shared memory, whose number is in its status file.
    fn remove_shared_memory(&self) {
        let lines = self.status_file_lines();
        let number = lines.get(6).and_then(|keys| keys.split_whitespace().nth(1));
        if let Some(number) = number {
            // Best effort: the memory may be gone, or the program may be missing.
            let _ = Command::new("ipcrm").args(["-m", number]).output();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.process.is_none() {
            self.remove_shared_memory();
        }
    }
}

fn arguments(port: u16) -> Vec<String> {
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        // Their paths are limited in length, and no client uses them.
        "unix_socket_directories=".to_owned(),
        format!("max_connections={CONNECTIONS}"),
        // In its folder, which a crash does not leave behind.
        "dynamic_shared_memory_type=mmap".to_owned(),
    ];
    let settings = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]);
    ["-D", DATA].into_iter().map(str::to_owned).chain(settings).collect()
}
