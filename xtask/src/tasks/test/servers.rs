//! The servers that tests run on: servers of the user, given by the environment, or private ones.

use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use sockbit_servers::{Postgres, RabbitMq, ServerError};

const POSTGRES_ADDRESS: &str = "SOCKBIT_TEST_POSTGRES";
const RABBITMQ_ADDRESS: &str = "SOCKBIT_TEST_RABBITMQ";

/// Both servers while they start.
pub struct StartingServers {
    postgres: Server<Starting<Postgres>>,
    rabbitmq: Server<Starting<RabbitMq>>,
}

/// Both servers, ready. Private ones end when this is dropped.
pub struct ReadyServers {
    postgres: Server<Postgres>,
    rabbitmq: Server<RabbitMq>,
}

impl StartingServers {
    /// Starts the servers whose addresses are not given.
    pub fn start() -> Self {
        Self {
            postgres: Server::given_or(POSTGRES_ADDRESS, || thread::spawn(Postgres::start)),
            rabbitmq: Server::given_or(RABBITMQ_ADDRESS, || thread::spawn(RabbitMq::start)),
        }
    }

    /// Waits until they are ready.
    pub fn ready(self) -> Result<ReadyServers> {
        let private =
            |variable| format!("{variable} is not set, and a private server does not start");
        Ok(ReadyServers {
            postgres: self.postgres.ready().with_context(|| private(POSTGRES_ADDRESS))?,
            rabbitmq: self.rabbitmq.ready().with_context(|| private(RABBITMQ_ADDRESS))?,
        })
    }
}

impl ReadyServers {
    /// The variables with the servers' addresses.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            (POSTGRES_ADDRESS, self.postgres.address(Postgres::url)),
            (RABBITMQ_ADDRESS, self.rabbitmq.address(RabbitMq::url)),
        ]
    }
}

/// A server of the user, or a private one.
enum Server<Private> {
    Given(String),
    Private(Private),
}

type Starting<T> = JoinHandle<Result<T, ServerError>>;

impl<T> Server<Starting<T>> {
    #[expect(clippy::disallowed_methods, reason = "the user may have servers already")]
    fn given_or(variable: &str, start: impl FnOnce() -> Starting<T>) -> Self {
        match std::env::var(variable) {
            Ok(address) if !address.is_empty() => Self::Given(address),
            _ => Self::Private(start()),
        }
    }

    fn ready(self) -> Result<Server<T>> {
        Ok(match self {
            Self::Given(address) => Server::Given(address),
            Self::Private(starting) => {
                let started = starting.join().unwrap_or_else(|it| std::panic::resume_unwind(it));
                Server::Private(started?)
            }
        })
    }
}

impl<T> Server<T> {
    fn address(&self, of_private: impl Fn(&T) -> String) -> String {
        match self {
            Self::Given(address) => address.clone(),
            Self::Private(server) => of_private(server),
        }
    }
}
