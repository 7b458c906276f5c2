//! A private Redis server on loopback that stores nothing on disk.

use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::process::{Process, Program, StopSignals};
use crate::program_paths;
use crate::{Deadline, Folder, ServerError, free_port, wait_until};

const SERVER: &str = "Redis";
const NAME: &str = "redis";
const PROGRAM: &str = "redis-server";
const READY_WITHIN: Duration = Duration::from_secs(30);
const TRIES: usize = 5;
const TERMINATE: StopSignals = StopSignals { graceful: "TERM", immediate: "KILL" };

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Redis {
    // Before the folder, so that it ends before its log is removed.
    process: Process,
    _folder: Folder,
    port: u16,
}

impl Redis {
    /// Whether its program is installed.
    #[must_use]
    pub fn is_installed() -> bool {
        program_paths::is_in_path(PROGRAM)
    }

    /// A new server in a temporary folder.
    pub fn start() -> Result<Self, ServerError> {
        let file = program_paths::find(PROGRAM).ok_or(ServerError::Missing { program: PROGRAM })?;
        let folder = Folder::temporary("sockbit-redis")?;
        for _ in 1..TRIES {
            let port = free_port()?;
            let mut process = Process::start(&folder, &program(file.clone(), port))?;
            if is_ready(&mut process, port) {
                return Ok(Self { process, _folder: folder, port });
            }
        }
        Err(ServerError::Ended { server: SERVER, log: folder.last_lines(NAME) })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The id of the process above all of its processes.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }
}

fn program(file: std::path::PathBuf, port: u16) -> Program {
    let settings = ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""];
    Program {
        name: NAME.to_owned(),
        file,
        arguments: settings.map(str::to_owned).to_vec(),
        environment: Vec::new(),
        stop_signals: TERMINATE,
    }
}

fn is_ready(process: &mut Process, port: u16) -> bool {
    wait_until(Deadline::after(READY_WITHIN), || {
        process.ended().is_some() || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
    });
    process.ended().is_none()
}
