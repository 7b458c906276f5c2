//! One process of a cluster.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sockbit_servers::{Deadline, Ending, Folder, Process, Program, free_port, wait_until};

use super::servers::Servers;

const ANSWERS_WITHIN: Duration = Duration::from_secs(5);
/// A program is run below others, so it says its process id itself, before it becomes what it is.
const SHELL: &str = "/bin/sh";
const TELL_ID: &str = r#"echo $$ >"$0"; exec "$@""#;
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
            file: SHELL.into(),
            arguments: telling_its_id(
                &name,
                &[&program.to_string_lossy(), role, "--listen", &format!("127.0.0.1:{port}")],
            ),
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

    /// The process id, for whoever wants to see what happens without it.
    pub fn id(&self, folder: &Folder) -> Result<String> {
        id_of(folder, &self.name)
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

/// The arguments of a shell that writes its process id into the working folder and becomes this command.
fn telling_its_id(name: &str, command: &[&str]) -> Vec<String> {
    let mut arguments = vec!["-c".to_owned(), TELL_ID.to_owned(), id_file(name)];
    arguments.extend(command.iter().map(ToString::to_string));
    arguments
}

fn id_file(name: &str) -> String {
    format!("{name}.id")
}

fn id_of(folder: &Folder, name: &str) -> Result<String> {
    let file = folder.path().join(id_file(name));
    let id = fs::read_to_string(&file).with_context(|| format!("{} is missing", file.display()))?;
    Ok(id.trim_end().to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_id_that_is_told_is_the_programs_own() {
        let folder = Folder::temporary("sockbit-id").expect("a folder");
        let program = Program {
            name: "parrot".to_owned(),
            file: SHELL.into(),
            arguments: telling_its_id("parrot", &[SHELL, "-c", "echo $$"]),
            environment: Vec::new(),
            ending: ENDING,
        };
        let mut process = Process::start(&folder, &program).expect("it starts");
        let deadline = Deadline::after(ANSWERS_WITHIN);
        assert!(wait_until(deadline, || process.ended().is_some()), "it ends by itself");
        assert_eq!(id_of(&folder, "parrot").expect("an id"), folder.log("parrot").trim_end());
    }
}
