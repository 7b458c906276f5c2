//! Processes of SockBit with the settings as shipped, except for limits on rates and connections.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sockbit_servers::{
    Deadline, Folder, Process, Program, StopSignals, free_port, http_get, wait_until,
};

use crate::clock::now;

const TERMINATE: StopSignals = StopSignals { graceful: "TERM", immediate: "KILL" };
const READY_WITHIN: Duration = Duration::from_mins(1);
const FIRST_PAGE_WITHIN: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_micros(500);
/// The load comes from one address, and many connections share an actor.
const UNLIMITED: &str = "1000000";
const LIMITS: [&str; 9] = [
    "SOCKBIT_CONNECTIONS",
    "SOCKBIT_SOCKETS_PER_ADDRESS",
    "SOCKBIT_CONNECTIONS_PER_ADDRESS",
    "SOCKBIT_CONNECTIONS_PER_PERSON",
    "SOCKBIT_MESSAGES_PER_SECOND",
    "SOCKBIT_MESSAGES_BURST",
    "SOCKBIT_REQUESTS_PER_SECOND",
    "SOCKBIT_REQUESTS_BURST",
    "SOCKBIT_BOARDS_PER_CONNECTION",
];
const BOARDS_PER_CONNECTION_MAX: &str = "10000";
pub const SECRET: &str = "benchmarks-need-no-secrets-but-32-bytes";
pub const BUS_KEYS: &str = "bench:benchmarks-need-no-secrets-but-32-bytes";

/// The release build of SockBit, beside this program.
pub fn program() -> Result<PathBuf> {
    let this = std::env::current_exe().context("this program has no path")?;
    let program = this.with_file_name("sockbit");
    ensure!(program.is_file(), "{} is missing: use `cargo xtask bench`", program.display());
    Ok(program)
}

/// A running process of SockBit.
pub struct SockBitProcess {
    pub process: Process,
    pub port: u16,
    name: String,
}

impl SockBitProcess {
    /// Starts a role with these settings, beyond the common ones.
    pub fn start(
        role: &str,
        name: &str,
        folder: &Folder,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let port = free_port()?;
        let program = Program {
            name: name.to_owned(),
            file: program()?,
            arguments: arguments(role, port),
            environment: environment(settings),
            stop_signals: TERMINATE,
        };
        Ok(Self { process: Process::start(folder, &program)?, port, name: name.to_owned() })
    }

    /// Waits until it can serve.
    pub fn wait_until_ready(&mut self, folder: &Folder) -> Result<()> {
        let is_ready = wait_until(Deadline::after(READY_WITHIN), || {
            http_get(self.port, "/readyz").is_ok_and(|it| it.starts_with("HTTP/1.1 200 "))
                || self.process.ended().is_some()
        });
        let lines = || folder.last_lines(&self.name);
        ensure!(self.process.ended().is_none(), "{} ended:\n{}", self.name, lines());
        ensure!(is_ready, "{} is not ready:\n{}", self.name, lines());
        Ok(())
    }
}

fn arguments(role: &str, port: u16) -> Vec<String> {
    let arguments = [role, "--listen", &format!("127.0.0.1:{port}")];
    arguments.map(str::to_owned).to_vec()
}

fn environment(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let limit = |name: &'static str| match name {
        "SOCKBIT_BOARDS_PER_CONNECTION" => (name, BOARDS_PER_CONNECTION_MAX),
        _ => (name, UNLIMITED),
    };
    let all = LIMITS.into_iter().map(limit).chain(settings.iter().copied());
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The time from the start of `sockbit serve` on an empty database to its first page.
pub fn start_until_first_page(folder: &Path) -> Result<Duration> {
    let port = free_port()?;
    let start = now();
    let mut process = Command::new(program()?)
        .args(arguments("serve", port))
        .args(["--store", &format!("sqlite:{}", folder.join("sockbit.db").display())])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("the program cannot be run")?;
    let has_page = || http_get(port, "/").is_ok_and(|it| it.starts_with("HTTP/1.1 200 "));
    let mut took = None;
    while took.is_none() && start.elapsed() < FIRST_PAGE_WITHIN {
        took = has_page().then(|| start.elapsed());
        std::thread::sleep(POLL_INTERVAL);
    }
    process.kill().context("the process cannot be ended")?;
    process.wait().context("the process cannot be ended")?;
    took.context("the process serves no page")
}
