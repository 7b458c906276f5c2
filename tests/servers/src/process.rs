//! A program that ends with whoever started it, killed or not: a guardian shell runs it and waits at a pipe that
//! only we hold.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::program_paths::search_path;
use crate::system_account::Account;
use crate::{Deadline, Folder, ServerError, wait_until};

const SUPERVISOR: &str = include_str!("process_supervisor.sh");
const SHELL: &str = "/bin/sh";
/// Hands the shell its program apart from its arguments, which the list of processes shows.
const VARIABLE: &str = "SOCKBIT_GUARDIAN";
const EVALUATE: &str = r#"guardian=$SOCKBIT_GUARDIAN; unset SOCKBIT_GUARDIAN; eval "$guardian""#;

/// What to run. It gets nothing of our environment but PATH.
#[derive(Clone, Debug)]
pub struct Program {
    /// What its log in the folder is called, and it in what is said.
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

/// The signals that end a program, as `kill` knows them.
#[derive(Clone, Copy, Debug)]
pub struct StopSignals {
    /// Lets it finish.
    pub graceful: &'static str,
    /// Does not wait, and leaves nothing behind in the system.
    pub immediate: &'static str,
}

/// A running program. It ends, with all its children, when this is dropped or when our process is gone.
#[derive(Debug)]
pub struct Process {
    supervisor: Child,
    stop_signals: StopSignals,
}

impl Process {
    /// Starts it, with its log in the folder, as ourselves.
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
            .args(["-c", EVALUATE, "guardian"])
            .arg(folder.path())
            .args([&program.name, program.stop_signals.immediate])
            .arg(folder.temporary_path().unwrap_or(Path::new("")))
            // The guardian itself stays who we are, so that it may remove what we made.
            .args(account.map(Account::command_line).into_iter().flatten())
            .arg(&program.file)
            .args(&program.arguments)
            .env_clear()
            .env("PATH", search_path())
            .env(VARIABLE, SUPERVISOR)
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(folder.path())
            // What is typed at our terminal is not for it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let failed = |source| ServerError::Program { program: SHELL.into(), source };
        Ok(Self {
            supervisor: command.spawn().map_err(failed)?,
            stop_signals: program.stop_signals,
        })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.supervisor.try_wait().ok().flatten()
    }

    /// Lets it finish, and waits; what is left of it after half a minute is killed.
    pub fn stop(mut self) {
        self.send(&format!("stop {}", self.stop_signals.graceful));
    }

    /// Kills it and all its children, as a crash would, and waits until they are gone.
    pub fn kill(mut self) {
        self.send("kill");
    }

    /// Waits until it has ended by itself; one that has not by then is ended.
    pub(crate) fn wait(mut self, deadline: Deadline) -> Option<ExitStatus> {
        let mut status = None;
        wait_until(deadline, || {
            status = self.ended();
            status.is_some()
        });
        self.send("over");
        status
    }

    fn send(&mut self, word: &str) {
        if let Some(stdin) = &mut self.supervisor.stdin {
            // A guardian that is gone has nothing to end.
            let _ = writeln!(stdin, "{word}");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.send("end");
        drop(self.supervisor.stdin.take());
        if let Some(stdout) = &mut self.supervisor.stdout {
            // It says nothing; that its output ends means that everything has.
            let _ = stdout.read_to_end(&mut Vec::new());
        }
        let _ = self.supervisor.wait();
    }
}
