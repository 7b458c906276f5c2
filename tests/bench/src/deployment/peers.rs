//! The Socket.IO servers in `tests/bench/peers`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sockbit_servers::{
    Deadline, Folder, Process, Program, StopSignals, free_port, is_in_path, wait_until,
};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");
const LOCK: &str = "package-lock.json";
const TERMINATE: StopSignals = StopSignals { graceful: "TERM", immediate: "KILL" };
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Their scripts with installed packages.
pub struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// Copies the scripts to a folder and installs their packages there, unless that is done.
    pub fn install(folder: PathBuf) -> Result<Self> {
        for program in ["node", "npm"] {
            ensure!(
                is_in_path(program),
                "{program} is not installed; it runs the Socket.IO servers. Install it, or measure \
                 SockBit alone with --without-peers"
            );
        }
        fs::create_dir_all(&folder).context("the folder of the Socket.IO servers")?;
        let installed = fs::read(folder.join(LOCK)).unwrap_or_default();
        for file in fs::read_dir(SOURCES).context(SOURCES)?.flatten() {
            if file.path().is_file() {
                fs::copy(file.path(), folder.join(file.file_name()))?;
            }
        }
        let has_packages = folder.join("node_modules/socket.io").is_dir();
        if !has_packages || installed != fs::read(folder.join(LOCK))? {
            install_packages(&folder)?;
        }
        Ok(Self { folder })
    }

    /// The statements that create the tables.
    pub fn schema() -> Result<String> {
        fs::read_to_string(Path::new(SOURCES).join("schema.sql")).context("the schema is missing")
    }

    /// Starts a script on a free port and waits until it is ready.
    pub fn start(
        &self,
        script: &str,
        name: &str,
        folder: &Folder,
        settings: &[(&str, &str)],
    ) -> Result<(Process, u16)> {
        let port = free_port()?;
        let port_text = port.to_string();
        let own = [("PORT", &*port_text), ("NODE_ENV", "production")];
        let environment = settings.iter().copied().chain(own);
        let program = Program {
            name: name.to_owned(),
            file: "/usr/bin/env".into(),
            arguments: vec!["node".to_owned(), self.folder.join(script).display().to_string()],
            environment: environment.map(|(key, it)| (key.to_owned(), it.to_owned())).collect(),
            stop_signals: TERMINATE,
        };
        let mut process = Process::start(folder, &program)?;
        let is_ready = wait_until(Deadline::after(READY_WITHIN), || {
            folder.log(name).contains("ready") || process.ended().is_some()
        });
        let is_running = process.ended().is_none();
        ensure!(is_ready && is_running, "{name} did not start:\n{}", folder.last_lines(name));
        Ok((process, port))
    }
}

fn install_packages(folder: &Path) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder);
    let status = npm.status().context("npm cannot be run")?;
    ensure!(
        status.success(),
        "npm could not install the packages of the Socket.IO servers; measure SockBit alone with \
         --without-peers"
    );
    Ok(())
}
