//! The real program in a process of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::within;

/// Below the range from which the system gives ports to outgoing connections.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
const STARTED_WITHIN: Duration = Duration::from_secs(30);
const ENDED_WITHIN: Duration = Duration::from_secs(20);

/// A `sockbit` process, which can be ended and started again. It ends when this is dropped.
pub struct Process {
    child: Option<Child>,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    program: PathBuf,
}

/// Where the app is reached.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its pages, without a slash at the end.
    pub url: String,
    /// Its WebSocket.
    pub websocket: String,
}

impl Endpoint {
    /// At this address.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { url: format!("http://{address}"), websocket: format!("ws://{address}/ws") }
    }
}

impl Process {
    /// A folder and a port, and no process yet. The arguments begin with the role.
    #[must_use]
    pub fn unstarted(arguments: Vec<String>) -> Self {
        let folder = TempDir::with_prefix("sockbit-test-").expect("a temporary folder");
        Self { child: None, folder, port: free_port(), arguments, program: program() }
    }

    /// From its next start on it runs this program, which may be an older one.
    pub fn set_program(&mut self, program: &Path) {
        program.clone_into(&mut self.program);
    }

    /// From its next start on it runs the program that was built beside these tests.
    pub fn use_current_program(&mut self) {
        self.program = program();
    }

    /// Starts it, on the same port as before, and waits until it is ready.
    pub async fn launch(&mut self) {
        self.spawn();
        self.wait_until_ready().await;
    }

    /// Starts it, and does not wait.
    pub fn spawn(&mut self) {
        self.child = Some(self.command().kill_on_drop(true).spawn().expect("the program starts"));
    }

    /// Waits until it says that it can serve.
    pub async fn wait_until_ready(&self) {
        let ready = format!("{}/readyz", self.url());
        let http = reqwest::Client::new();
        within(STARTED_WITHIN, "the process is ready", || async {
            let answer = http.get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// The command line; its output goes to [`Process::log`].
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

    /// Ends it as a power cut would.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("the process runs");
        child.kill().await.expect("the process ends");
    }

    /// Asks it to end, and waits until it has; says whether it ended well.
    pub async fn stop(&mut self) -> bool {
        let mut child = self.child.take().expect("the process runs");
        let id = child.id().expect("it has not ended").to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(asked.expect("`kill` runs").success(), "the process was asked to end");
        let ended = tokio::time::timeout(ENDED_WITHIN, child.wait()).await;
        ended.expect("it ends within its deadline").expect("it has a status").success()
    }

    /// What it takes of the machine's memory, in KiB, where the system tells.
    #[must_use]
    pub fn memory_kib(&self) -> u64 {
        self.kib("VmRSS:")
    }

    /// The most that it ever took.
    #[must_use]
    pub fn memory_peak_kib(&self) -> u64 {
        self.kib("VmHWM:")
    }

    fn kib(&self, name: &str) -> u64 {
        let id = self.child.as_ref().and_then(Child::id).unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|it| it.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Where it answers, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where its WebSocket is.
    #[must_use]
    pub fn websocket(&self) -> String {
        self.endpoint().websocket
    }

    /// Where clients reach it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::at(self.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// A folder of its own.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// What it is.
    #[must_use]
    pub fn what(&self) -> String {
        format!("`sockbit {}`", self.arguments.join(" "))
    }

    /// What it is and what it said last, for whoever wants to know why a test failed.
    #[must_use]
    pub fn recent_output(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n");
        format!("{} said last:\n{last}", self.what())
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
                eprintln!("{} said:\n{}", self.what(), self.log());
            }
        }
    }
}

/// The program that was built beside these tests.
///
/// # Panics
/// Where it was not built: `cargo xtask test` builds it first.
#[must_use]
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let profile = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let program = profile.join("sockbit");
    assert!(program.is_file(), "{} is missing: run `cargo xtask test`", program.display());
    program
}

/// A port that nobody uses now.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = PORTS.end - PORTS.start;
    let own = u16::try_from(std::process::id() % u32::from(span)).unwrap_or(0);
    loop {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(7).wrapping_add(own);
        let port = PORTS.start + offset % span;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
