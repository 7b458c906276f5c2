//! Why a process cannot connect to the bus: one line that names what to change.

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Error, ErrorKind};

use crate::broker_connection::BrokerError;
use crate::settings::Settings;

/// Why the first connection failed. It contains no password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("--bus: {problem} ({location})")]
pub struct ConnectError {
    /// The server, virtual host and user.
    pub location: String,
    /// The problem.
    pub problem: ConnectProblem,
}

/// The problem with a connection.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectProblem {
    /// There is no server, or it does not respond in time.
    #[error("RabbitMQ cannot be reached: {0}")]
    Unreachable(String),
    /// The user or password is wrong.
    #[error("RabbitMQ refused the login; check the user and the password")]
    Login,
    /// The virtual host does not exist, or the user may not open it.
    #[error("RabbitMQ did not open the virtual host: {0}")]
    VirtualHost(String),
    /// The user lacks the permission to configure, write or read.
    #[error("RabbitMQ denies this user a permission that is needed: {0}")]
    Permission(String),
    /// A queue or exchange exists with other properties.
    #[error("a queue or exchange in RabbitMQ does not match these settings: {0}")]
    Incompatible(String),
    /// Anything else.
    #[error("RabbitMQ cannot be used: {0}")]
    Other(String),
}

impl ConnectError {
    pub(crate) fn new(settings: &Settings, error: &BrokerError) -> Self {
        let problem = match error {
            BrokerError::Timeout => ConnectProblem::Unreachable(error.to_string()),
            BrokerError::Amqp(error) => problem(error),
        };
        Self { location: settings.location(), problem }
    }
}

fn problem(error: &Error) -> ConnectProblem {
    match error.kind() {
        ErrorKind::IOError(error) => ConnectProblem::Unreachable(error.to_string()),
        ErrorKind::ProtocolError(error) => {
            let text = error.get_message().to_string();
            match error.kind() {
                AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => ConnectProblem::VirtualHost(text),
                AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => {
                    ConnectProblem::Incompatible(text)
                }
                AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED)
                    if text.contains("Login was refused") =>
                {
                    ConnectProblem::Login
                }
                AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
                    ConnectProblem::Permission(text)
                }
                _ => ConnectProblem::Other(error.to_string()),
            }
        }
        _ => ConnectProblem::Other(error.to_string()),
    }
}
