//! One process of a cluster.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use sockbit_servers::{Deadline, Ending, Folder, Process, Program, free_port, wait_until};

use super::servers::Servers;

const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const ENDING: Ending = Ending { gently: "TERM", at_once: "TERM" };

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Gateway,
    Worker,
}

pub struct Member {
    pub kind: Kind,
    /// As in `worker-1`: its log has this name too.
    pub name: String,
    /// It goes when it has ended and that has been told.
    pub process: Option<Process>,
    port: u16,
    /// How many bytes of its log have been looked at.
    pub log_read: u64,
}

impl Member {
    pub fn start(
        kind: Kind,
        number: usize,
        program: &Path,
        folder: &Folder,
        servers: &Servers,
    ) -> Result<Self> {
        let role = kind.role();
        let name = format!("{role}-{number}");
        let port = free_port()?;
        let program = Program {
            name: name.clone(),
            file: program.to_owned(),
            arguments: vec![role.to_owned(), "--listen".to_owned(), format!("127.0.0.1:{port}")],
            environment: environment(kind, servers),
            ending: ENDING,
        };
        let log_read = folder.log_bytes(&name);
        let process = Some(Process::start(folder, &program)?);
        Ok(Self { kind, name, process, port, log_read })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_some())
    }

    pub fn wait_until_ready(&mut self, folder: &Folder, deadline: Deadline) -> Result<()> {
        let mut last = String::new();
        let is_ready = wait_until(deadline, || {
            last = self.readiness().unwrap_or_else(|error| error.to_string());
            last.starts_with("HTTP/1.1 200 ") || self.has_ended()
        });
        let (name, lines) = (&self.name, folder.last_lines(&self.name));
        if self.process.as_mut().is_none_or(|process| process.ended().is_some()) {
            bail!("{name} ended instead of serving; its log ends with\n{lines}");
        }
        if !is_ready {
            bail!("{name} did not get ready; it says\n{last}\nand its log ends with\n{lines}");
        }
        Ok(())
    }

    /// What it answers when it is asked whether it can serve, or why it does not.
    fn readiness(&self) -> io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
        let host = format!("127.0.0.1:{}", self.port);
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    pub fn stop(self) {
        if let Some(process) = self.process {
            process.stop();
        }
    }
}

impl Kind {
    fn role(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Worker => "worker",
        }
    }
}

/// Each gets what its role needs and nothing more; secrets are not for the list of processes.
fn environment(kind: Kind, servers: &Servers) -> Vec<(String, String)> {
    let own = match kind {
        Kind::Gateway => ("SOCKBIT_SECRET", servers.cookie_secret().to_owned()),
        Kind::Worker => ("SOCKBIT_STORE", servers.store()),
    };
    [("SOCKBIT_BUS", servers.bus()), ("SOCKBIT_BUS_KEYS", servers.bus_keys()), own]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
}
