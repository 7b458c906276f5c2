//! The real program in a process of its own, on a database of its own.

use std::fs::File;
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

/// A running `sockbit serve`. It ends when this is dropped.
pub struct App {
    child: Option<Child>,
    folder: TempDir,
    port: u16,
    flags: Vec<String>,
}

impl App {
    /// Starts the app on an empty database and waits until it serves.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Like [`App::start`], with more flags.
    pub async fn start_with(flags: &[&str]) -> Self {
        let mut app = Self::prepared(flags);
        app.start_again().await;
        app
    }

    /// A folder and a port, and no process yet.
    #[must_use]
    pub fn prepared(flags: &[&str]) -> Self {
        let folder = TempDir::with_prefix("sockbit-test-").expect("a temporary folder");
        let flags = flags.iter().map(ToString::to_string).collect();
        Self { child: None, folder, port: free_port(), flags }
    }

    /// Starts the process on the same database and port as before.
    pub async fn start_again(&mut self) {
        let child = self.command().kill_on_drop(true).spawn().expect("the app starts");
        self.child = Some(child);
        let ready = format!("{}/readyz", self.url());
        let http = reqwest::Client::new();
        within(STARTED_WITHIN, "the app is ready", || async {
            let answer = http.get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// The command line that starts this app; its output goes to [`App::log`].
    #[must_use]
    pub fn command(&self) -> Command {
        let log = File::options().create(true).append(true).open(self.log_file()).expect("a log");
        let mut command = Command::new(program());
        command
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--store", &format!("sqlite:{}", self.database().display())])
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log);
        command
    }

    /// Ends the process as a power cut would.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("the app runs");
        child.kill().await.expect("the process ends");
    }

    /// Asks the process to end, and waits until it has; says whether it ended well.
    pub async fn stop(&mut self) -> bool {
        let mut child = self.child.take().expect("the app runs");
        let id = child.id().expect("it has not ended").to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(asked.expect("`kill` runs").success(), "the process was asked to end");
        let ended = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
        ended.expect("it ends within its deadline").expect("it has a status").success()
    }

    /// Whether the process runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Where pages are, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where the WebSocket is.
    #[must_use]
    pub fn websocket(&self) -> String {
        format!("ws://127.0.0.1:{}/ws", self.port)
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("sockbit.db")
    }

    /// The folder in which everything of this app is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the process has said so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("output.log")
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "it explains why a test failed")]
            {
                eprintln!("the app said:\n{}", self.log());
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
