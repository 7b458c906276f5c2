//! All tests.

use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use sockbit_servers::{Postgres, RabbitMq, ServerError};

use crate::cargo::{cargo, cargo_with};
use crate::system_packages::{
    BROWSER, BROWSER_DRIVER, POSTGRES, RABBITMQ, RequiredProgram, install_missing,
};

const POSTGRES_ADDRESS: &str = "SOCKBIT_TEST_POSTGRES";
const RABBITMQ_ADDRESS: &str = "SOCKBIT_TEST_RABBITMQ";
/// Tests that kill or misconfigure a server start one of their own, whatever servers are given.
const REQUIRED: [RequiredProgram; 4] = [BROWSER, BROWSER_DRIVER, POSTGRES, RABBITMQ];

/// Builds the app, which system tests start as its users do, and runs all tests. What follows is
/// handed on to `cargo test`.
///
/// The servers start while the tests are being built, and end when this returns or this process ends.
pub fn test(rest: &[String]) -> Result<()> {
    install_missing(&REQUIRED)?;
    let postgres = Server::given_or(POSTGRES_ADDRESS, || thread::spawn(Postgres::start));
    let rabbitmq = Server::given_or(RABBITMQ_ADDRESS, || thread::spawn(RabbitMq::start));
    cargo(&["build", "--locked", "--package", "sockbit-web"])?;
    cargo(&test_arguments(&["--no-run"], before_dashes(rest)))?;

    let private =
        |variable| format!("{variable} names no server, and a private one does not start");
    let postgres = postgres.ready().with_context(|| private(POSTGRES_ADDRESS))?;
    let rabbitmq = rabbitmq.ready().with_context(|| private(RABBITMQ_ADDRESS))?;
    let addresses = [
        (POSTGRES_ADDRESS, postgres.address(Postgres::url)),
        (RABBITMQ_ADDRESS, rabbitmq.address(RabbitMq::url)),
    ];
    let environment = addresses.each_ref().map(|(name, address)| (*name, address.as_str()));
    cargo_with(&test_arguments(&[], rest), &environment)
}

/// A server that somebody else runs, or a private one.
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

fn test_arguments<'a>(options: &[&'a str], rest: &'a [String]) -> Vec<&'a str> {
    let mut arguments = vec!["test", "--locked", "--workspace", "--no-fail-fast"];
    arguments.extend(options);
    arguments.extend(rest.iter().map(String::as_str));
    arguments
}

/// What is cargo's; the rest is for the tests themselves.
fn before_dashes(rest: &[String]) -> &[String] {
    let end = rest.iter().position(|it| it == "--").unwrap_or(rest.len());
    &rest[..end]
}
