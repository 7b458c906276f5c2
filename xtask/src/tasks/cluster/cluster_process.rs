//! One process of a cluster.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sockbit_servers::{
    Deadline, Folder, Process, Program, StopSignals, free_port, http_get, wait_until,
};

use super::servers::Servers;

/// The program runs below a supervising shell, so its process id is written before the program
/// replaces this shell.
const SHELL: &str = "/bin/sh";
const WRITE_PID: &str = r#"echo $$ >"$0"; exec "$@""#;
const ENDING: StopSignals = StopSignals { graceful: "TERM", immediate: "TERM" };

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Gateway,
    Worker,
}

pub struct ClusterProcess {
    pub role: Role,
    /// As in `worker-1`; its log has this name too.
    pub name: String,
    /// `None` once its end was printed.
    pub process: Option<Process>,
    port: u16,
    /// The number of bytes of its log that were read.
    pub log_read: u64,
}

impl ClusterProcess {
    pub fn start(
        role: Role,
        number: usize,
        program: &Path,
        folder: &Folder,
        servers: &Servers,
    ) -> Result<Self> {
        let name = format!("{}-{number}", role.name());
        let port = free_port()?;
        let program = Program {
            name: name.clone(),
            file: SHELL.into(),
            arguments: arguments_writing_pid(
                &name,
                &[
                    &program.to_string_lossy(),
                    role.name(),
                    "--listen",
                    &format!("127.0.0.1:{port}"),
                ],
            ),
            environment: environment(role, servers),
            stop_signals: ENDING,
        };
        let log_read = folder.log_bytes(&name);
        let process = Some(Process::start(folder, &program)?);
        Ok(Self { role, name, process, port, log_read })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process id, so that users can kill it.
    pub fn id(&self, folder: &Folder) -> Result<String> {
        read_pid(folder, &self.name)
    }

    pub fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_some())
    }

    pub fn wait_until_ready(&mut self, folder: &Folder, deadline: Deadline) -> Result<()> {
        let mut last = String::new();
        let is_ready = wait_until(deadline, || {
            last = http_get(self.port, "/readyz").unwrap_or_else(|error| error.to_string());
            last.starts_with("HTTP/1.1 200 ") || self.has_ended()
        });
        let (name, lines) = (&self.name, folder.last_lines(&self.name));
        if self.process.as_mut().is_none_or(|process| process.ended().is_some()) {
            bail!("{name} ended before it was ready; its log ends with\n{lines}");
        }
        if !is_ready {
            bail!(
                "{name} did not become ready; its last response is\n{last}\nand its log ends with\n{lines}"
            );
        }
        Ok(())
    }

    pub fn stop(self) {
        if let Some(process) = self.process {
            process.stop();
        }
    }
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Worker => "worker",
        }
    }
}

/// The arguments of a shell that writes its process id into the working folder and then runs this
/// command.
fn arguments_writing_pid(name: &str, command: &[&str]) -> Vec<String> {
    let mut arguments = vec!["-c".to_owned(), WRITE_PID.to_owned(), pid_file(name)];
    arguments.extend(command.iter().map(ToString::to_string));
    arguments
}

fn pid_file(name: &str) -> String {
    format!("{name}.id")
}

fn read_pid(folder: &Folder, name: &str) -> Result<String> {
    let file = folder.path().join(pid_file(name));
    let id = fs::read_to_string(&file).with_context(|| format!("{} is missing", file.display()))?;
    Ok(id.trim_end().to_owned())
}

/// Each process gets what its role needs. Secrets are passed here since the process list shows
/// arguments.
fn environment(role: Role, servers: &Servers) -> Vec<(String, String)> {
    let own = match role {
        Role::Gateway => ("SOCKBIT_SECRET", servers.cookie_secret().to_owned()),
        Role::Worker => ("SOCKBIT_STORE", servers.store()),
    };
    [("SOCKBIT_BUS", servers.bus()), ("SOCKBIT_BUS_KEYS", servers.bus_keys()), own]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_written_process_id_is_that_of_the_program() {
        let folder = Folder::temporary("sockbit-id").expect("a folder");
        let program = Program {
            name: "echo".to_owned(),
            file: SHELL.into(),
            arguments: arguments_writing_pid("echo", &[SHELL, "-c", "echo $$"]),
            environment: Vec::new(),
            stop_signals: ENDING,
        };
        let mut process = Process::start(&folder, &program).expect("the process starts");
        let deadline = Deadline::after(Duration::from_secs(5));
        assert!(wait_until(deadline, || process.ended().is_some()), "the process ends");
        assert_eq!(read_pid(&folder, "echo").expect("an id"), folder.log("echo").trim_end());
    }
}
