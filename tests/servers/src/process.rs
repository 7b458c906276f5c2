//! A program that ends with its owner, even if the owner is killed: a supervising shell runs it and
//! waits on a pipe that only the owner holds.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::program_paths::search_path;
use crate::system_account::Account;
use crate::{Deadline, Folder, ServerError, wait_until};

const SUPERVISOR: &str = include_str!("process_supervisor.sh");
const SHELL: &str = "/bin/sh";
/// Passes the script to the shell outside its arguments, which the process list shows.
const VARIABLE: &str = "SOCKBIT_SUPERVISOR";
const EVALUATE: &str =
    r#"supervisor=$SOCKBIT_SUPERVISOR; unset SOCKBIT_SUPERVISOR; eval "$supervisor""#;

/// What to run. It inherits only PATH from this process.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name in messages, and of its log in the folder.
    pub name: String,
    /// The file to run.
    pub file: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its environment.
    pub environment: Vec<(String, String)>,
    /// How it is ended.
    pub stop_signals: StopSignals,
}

/// The signals that end a program, as `kill` names them.
#[derive(Clone, Copy, Debug)]
pub struct StopSignals {
    /// Lets it finish.
    pub graceful: &'static str,
    /// Ends it immediately and cleanly.
    pub immediate: &'static str,
}

/// A running program. It ends, with all its child processes, when this is dropped or this process
/// ends.
#[derive(Debug)]
pub struct Process {
    supervisor: Child,
    stop_signals: StopSignals,
}

impl Process {
    /// Starts it as the current user, with its log in the folder.
    pub fn start(folder: &Folder, program: &Program) -> Result<Self, ServerError> {
        Self::start_as(None, folder, program)
    }

    /// Starts it as the account.
    pub(crate) fn start_as(
        account: Option<Account>,
        folder: &Folder,
        program: &Program,
    ) -> Result<Self, ServerError> {
        let mut command = Command::new(SHELL);
        command
            .args(["-c", EVALUATE, "supervisor"])
            .arg(folder.path())
            .args([&program.name, program.stop_signals.immediate])
            .arg(folder.temporary_path().unwrap_or(Path::new("")))
            // The supervisor itself runs as the current user, so that it can remove the folder.
            .args(account.map(Account::command_line).into_iter().flatten())
            .arg(&program.file)
            .args(&program.arguments)
            .env_clear()
            .env("PATH", search_path())
            .env(VARIABLE, SUPERVISOR)
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder.path())
            // Ctrl-C in this terminal must not reach it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let failed = |source| ServerError::Program { program: SHELL.into(), source };
        Ok(Self {
            supervisor: command.spawn().map_err(failed)?,
            stop_signals: program.stop_signals,
        })
    }

    /// The id of its supervisor, whose descendants are all of its processes.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.supervisor.id()
    }

    /// Its exit status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.supervisor.try_wait().ok().flatten()
    }

    /// Stops it gracefully and waits; after half a minute it is killed.
    pub fn stop(mut self) {
        self.send(&format!("stop {}", self.stop_signals.graceful));
    }

    /// Kills it and all its child processes, as a crash would, and waits for their end.
    pub fn kill(mut self) {
        self.send("kill");
    }

    /// Waits until it ends by itself; at the deadline it is ended.
    pub(crate) fn wait(mut self, deadline: Deadline) -> Option<ExitStatus> {
        let mut status = None;
        wait_until(deadline, || {
            status = self.ended();
            status.is_some()
        });
        self.send("over");
        status
    }

    fn send(&mut self, command: &str) {
        if let Some(stdin) = &mut self.supervisor.stdin {
            // A supervisor that has ended has nothing to end.
            let _ = writeln!(stdin, "{command}");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.send("end");
        drop(self.supervisor.stdin.take());
        if let Some(stdout) = &mut self.supervisor.stdout {
            // It writes nothing; the end of its output means that every process has ended.
            let _ = stdout.read_to_end(&mut Vec::new());
        }
        let _ = self.supervisor.wait();
    }
}
