//! Why a server could not be started or asked.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a server could not be started or asked.
#[derive(Debug)]
pub enum ServerError {
    /// Its programs are not installed, or not where they usually are.
    Missing {
        /// The program that was looked for.
        program: &'static str,
    },
    /// Nobody is there on whose behalf it could run, as it refuses to run as root.
    NoAccount,
    /// No port below the range for outgoing connections is free.
    NoPort,
    /// The folder or something in it cannot be made, read or removed.
    Folder {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program cannot be run at all.
    Program {
        /// Which one.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended instead of serving.
    Ended {
        /// Which one.
        server: &'static str,
        /// The end of its log.
        log: String,
    },
    /// It runs and does not take connections.
    NotReady {
        /// Which one.
        server: &'static str,
        /// How long it was waited for.
        waited: Duration,
        /// The end of its log.
        log: String,
    },
    /// Its command line tool refused.
    Refused {
        /// What it was asked.
        command_line: String,
        /// What it answered.
        answer: String,
    },
}

impl Display for ServerError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program } => write!(formatter, "`{program}` is not installed"),
            Self::NoAccount => formatter.write_str(
                "there is no account `postgres` or `nobody` to run the servers as, and they do not \
                 run as root",
            ),
            Self::NoPort => formatter.write_str("no port is free for a private server"),
            Self::Folder { path, source } => {
                write!(formatter, "{} cannot be used: {source}", path.display())
            }
            Self::Program { program, source } => {
                write!(formatter, "{} cannot be run: {source}", program.display())
            }
            Self::Ended { server, log } => {
                write!(formatter, "{server} ended instead of serving; its log ends with\n{log}")
            }
            Self::NotReady { server, waited, log } => {
                let seconds = waited.as_secs();
                write!(
                    formatter,
                    "{server} took no connections within {seconds} s; its log ends with\n{log}"
                )
            }
            Self::Refused { command_line, answer } => {
                write!(formatter, "`{command_line}` failed: {answer}")
            }
        }
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Folder { source, .. } | Self::Program { source, .. } => Some(source),
            _ => None,
        }
    }
}
