//! Runs a private server of each kind until its input ends, for tests that are started by hand.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command line program")]

use std::io;
use std::process::ExitCode;
use std::thread;

use sockbit_servers::{Postgres, RabbitMq, ServerError};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sockbit-servers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), ServerError> {
    let rabbitmq = thread::spawn(RabbitMq::start);
    let postgres = Postgres::start()?;
    println!("SOCKBIT_TEST_POSTGRES={}", postgres.url());
    let rabbitmq = rabbitmq.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    println!("SOCKBIT_TEST_RABBITMQ={}", rabbitmq.url());
    for line in io::stdin().lines() {
        if line.is_err() {
            break;
        }
    }
    Ok(())
}
