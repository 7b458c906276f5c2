//! The binary `sockbit`: configuration → bind → compose → serve.

use std::fmt::Display;
use std::io::Write;
use std::pin::pin;
use std::process::ExitCode;

use sockbit_web::composition::{compose, create_token, migrate};
use sockbit_web::config::{Config, ConfigError, Role, StoreUrl, Task};
use sockbit_web::dead_letters;
use sockbit_web::{server, telemetry};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

/// Any error. The user sees its message.
type AnyError = Box<dyn std::error::Error>;

/// Exit code for a command line or environment that is invalid.
const INVALID_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    let config = match Config::read(std::env::args_os()) {
        Ok(config) => config,
        Err(ConfigError::CommandLine(error)) => error.exit(),
        Err(ConfigError::Invalid(problems)) => {
            print_error(&problems);
            return ExitCode::from(INVALID_CONFIGURATION);
        }
    };
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&*error);
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Config) -> Result<(), AnyError> {
    telemetry::init_logging(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = run_task(config, &runtime);
    // Threads that are still blocked end with the process.
    runtime.shutdown_timeout(server::abort_timeout(config.drain_within));
    result
}

fn run_task(config: &Config, runtime: &Runtime) -> Result<(), AnyError> {
    match &config.task {
        Task::Run(role) => runtime.block_on(serve(config, role)),
        Task::Migrate(store) => Ok(runtime.block_on(migrate(store))?),
        Task::DeadLetters { bus, action } => {
            Ok(runtime.block_on(dead_letters::run(bus, action, &mut std::io::stdout()))?)
        }
        Task::Token { secret, name } => {
            Ok(writeln!(std::io::stdout(), "{}", create_token(secret, name)?)?)
        }
    }
}

async fn serve(config: &Config, role: &Role) -> Result<(), AnyError> {
    // Before anything else, so that no signal is missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    server::open_file_limit::raise(config.server.connections_max);
    let mut stop = pin!(async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    let listener = server::bind(config.listen)?;
    // A signal also stops a long migration, or the wait for a server that does not respond.
    let running = tokio::select! {
        running = compose(config, role) => running?,
        () = &mut stop => return Ok(()),
    };
    print_start_message(config, role, listener.local_addr()?)?;
    let hurry = async {
        // A second interrupt skips the wait.
        if let Ok(mut again) = signal(SignalKind::interrupt()) {
            again.recv().await;
        }
    };
    Ok(server::serve(listener, running, config, stop, hurry).await?)
}

fn print_start_message(config: &Config, role: &Role, address: impl Display) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match (role, &config.public_url) {
        (Role::Worker { .. }, _) => {
            writeln!(out, "SockBit worker: health at http://{address}/readyz")?;
        }
        (_, Some(url)) => writeln!(out, "SockBit: {url} (listening on {address})")?,
        (_, None) => writeln!(out, "SockBit: http://{address}")?,
    }
    match role.store() {
        Some(StoreUrl::Sqlite(path)) => writeln!(out, "Boards: {}", path.display())?,
        Some(StoreUrl::Postgres(url)) => writeln!(out, "Boards: {url}")?,
        Some(StoreUrl::Memory) => {
            writeln!(out, "Boards: in memory only, lost when this process ends")?;
        }
        None => {}
    }
    if let Some(bus) = role.bus() {
        writeln!(out, "Bus: {}", bus.url)?;
    }
    out.flush()
}

/// Prints each line of the message. If standard error is closed, there is nowhere to report that.
fn print_error(error: &(impl Display + ?Sized)) {
    let mut err = std::io::stderr().lock();
    for line in error.to_string().lines() {
        writeln!(err, "sockbit: {line}").ok();
    }
}
