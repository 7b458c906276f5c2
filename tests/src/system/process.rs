//! A `sockbit` process.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::within;

/// Below the ephemeral range, from which outgoing connections get their ports.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// A `sockbit` process that can be stopped and started again. Dropping it kills the process.
pub struct Process {
    child: Option<Child>,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    program: PathBuf,
}

/// The address of a process for clients.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// URL of its pages, without a trailing slash.
    pub url: String,
    /// URL of its WebSocket.
    pub websocket: String,
}

impl Endpoint {
    /// The endpoint at this address.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { url: format!("http://{address}"), websocket: format!("ws://{address}/ws") }
    }
}

impl Process {
    /// Prepares a folder and a port, and does not start the process. The first argument is the
    /// command.
    #[must_use]
    pub fn unstarted(arguments: Vec<String>) -> Self {
        let folder = TempDir::with_prefix("sockbit-test-").expect("a temporary folder");
        Self { child: None, folder, port: free_port(), arguments, program: program() }
    }

    /// Sets the program for the next start, which may be an older revision.
    pub fn set_program(&mut self, program: &Path) {
        program.clone_into(&mut self.program);
    }

    /// Sets the program for the next start to the one built with these tests.
    pub fn use_current_program(&mut self) {
        self.program = program();
    }

    /// Starts the process, on the same port as before, and waits until it is ready.
    pub async fn launch(&mut self) {
        self.spawn();
        self.wait_until_ready().await;
    }

    /// Starts the process and does not wait.
    pub fn spawn(&mut self) {
        self.child = Some(self.command().kill_on_drop(true).spawn().expect("the program starts"));
    }

    /// Waits until `/readyz` reports success.
    pub async fn wait_until_ready(&self) {
        let ready = format!("{}/readyz", self.url());
        let http = reqwest::Client::new();
        within(START_TIMEOUT, "the process is ready", || async {
            let response = http.get(&ready).send().await.ok()?;
            response.status().is_success().then_some(())
        })
        .await;
    }

    /// The command, with its output redirected to [`Process::log`].
    #[must_use]
    pub fn command(&self) -> Command {
        let log = File::options().create(true).append(true).open(self.log_file()).expect("a log");
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log);
        command
    }

    /// Kills the process with SIGKILL.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("the process runs");
        child.kill().await.expect("the process ends");
    }

    /// Stops the process with SIGTERM and waits; returns whether it exited with success.
    pub async fn stop(&mut self) -> bool {
        let mut child = self.child.take().expect("the process runs");
        let id = child.id().expect("a running process").to_string();
        let signalled = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(signalled.expect("`kill` runs").success(), "the signal was sent");
        let exited = tokio::time::timeout(STOP_TIMEOUT, child.wait()).await;
        exited.expect("the process exits in time").expect("an exit status").success()
    }

    /// Resident memory in KiB; 0 where the system has no `/proc`.
    #[must_use]
    pub fn memory_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// Peak resident memory in KiB.
    #[must_use]
    pub fn memory_peak_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, name: &str) -> u64 {
        let id = self.child.as_ref().and_then(Child::id).unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|it| it.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    /// Whether the process runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// URL of its pages, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// URL of its WebSocket.
    #[must_use]
    pub fn websocket(&self) -> String {
        self.endpoint().websocket
    }

    /// Its endpoint for clients.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::at(self.address())
    }

    /// The address on which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The process's own folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its output so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Its command line.
    #[must_use]
    pub fn command_line(&self) -> String {
        format!("`sockbit {}`", self.arguments.join(" "))
    }

    /// Its command line and the end of its output, to explain a failed test.
    #[must_use]
    pub fn recent_output(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n");
        format!("{} printed last:\n{last}", self.command_line())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("output.log")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "it explains why a test failed")]
            {
                eprintln!("{} printed:\n{}", self.command_line(), self.log());
            }
        }
    }
}

/// The program built with these tests.
///
/// # Panics
/// If it is not built; `cargo xtask test` builds it first.
#[must_use]
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let profile = test.ancestors().nth(2).expect("tests are in target/<profile>/deps");
    let program = profile.join("sockbit");
    assert!(program.is_file(), "{} is missing: run `cargo xtask test`", program.display());
    program
}

/// A port that is not in use now.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = PORTS.end - PORTS.start;
    let offset_of_process = u16::try_from(std::process::id() % u32::from(span)).unwrap_or(0);
    loop {
        let offset =
            NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(7).wrapping_add(offset_of_process);
        let port = PORTS.start + offset % span;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
