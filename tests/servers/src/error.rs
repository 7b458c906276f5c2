//! Why a server could not be started or used.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a server could not be started or used.
#[derive(Debug)]
pub enum ServerError {
    /// Its programs are not installed, or not in the usual places.
    Missing {
        /// The missing program.
        program: &'static str,
    },
    /// There is no account to run it as, since it refuses to run as root.
    NoAccount,
    /// No port below the range for outgoing connections is free.
    NoPort,
    /// A folder or a file in it cannot be created, read or removed.
    Folder {
        /// Its path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A program cannot be run.
    Program {
        /// Its path.
        program: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// It ended before it was ready.
    Ended {
        /// The server.
        server: &'static str,
        /// The end of its log.
        log: String,
    },
    /// It runs and accepts no connections.
    NotReady {
        /// The server.
        server: &'static str,
        /// How long it was given.
        waited: Duration,
        /// The end of its log.
        log: String,
    },
    /// Its command line tool failed.
    Refused {
        /// The command line.
        command_line: String,
        /// Its error output.
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
                write!(formatter, "{server} ended before it was ready; its log ends with\n{log}")
            }
            Self::NotReady { server, waited, log } => {
                let seconds = waited.as_secs();
                write!(
                    formatter,
                    "{server} accepted no connections within {seconds} s; its log ends with\n{log}"
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
