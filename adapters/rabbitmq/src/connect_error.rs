//! Why the bus cannot be used, in one line that names what to change.

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Error, ErrorKind};

use crate::connection::BrokerError;
use crate::settings::Settings;

/// Why the first connection failed. No password is in it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("--bus: {problem} ({place})")]
pub struct ConnectError {
    /// The server, virtual host and user.
    pub place: String,
    /// What is wrong there.
    pub problem: ConnectProblem,
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectProblem {
    /// Nobody answers there, or not in time.
    #[error("RabbitMQ cannot be reached: {0}")]
    Unreachable(String),
    /// Another user or password is needed.
    #[error("RabbitMQ refused the login; check the user and the password")]
    Login,
    /// The virtual host is not there, or not for this user.
    #[error("RabbitMQ does not open the virtual host: {0}")]
    VirtualHost(String),
    /// The user may not declare, write or read.
    #[error("RabbitMQ does not permit this user what is needed: {0}")]
    Permission(String),
    /// A queue or exchange is there already, and different.
    #[error("what is declared in RabbitMQ does not fit these settings: {0}")]
    Incompatible(String),
    /// Anything else.
    #[error("RabbitMQ cannot be used: {0}")]
    Other(String),
}

impl ConnectError {
    pub(crate) fn new(settings: &Settings, fault: &BrokerError) -> Self {
        let problem = match fault {
            BrokerError::Silent => ConnectProblem::Unreachable(fault.to_string()),
            BrokerError::Broker(error) => problem(error),
        };
        Self { place: settings.place(), problem }
    }
}

fn problem(error: &Error) -> ConnectProblem {
    match error.kind() {
        ErrorKind::IOError(error) => ConnectProblem::Unreachable(error.to_string()),
        ErrorKind::ProtocolError(error) => {
            let said = error.get_message().to_string();
            match error.kind() {
                AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => ConnectProblem::VirtualHost(said),
                AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => {
                    ConnectProblem::Incompatible(said)
                }
                AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED)
                    if said.contains("Login was refused") =>
                {
                    ConnectProblem::Login
                }
                AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
                    ConnectProblem::Permission(said)
                }
                _ => ConnectProblem::Other(error.to_string()),
            }
        }
        _ => ConnectProblem::Other(error.to_string()),
    }
}
