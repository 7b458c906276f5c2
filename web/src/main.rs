//! The binary `sockbit`: configuration → compose → bind → serve.

use std::fmt::Display;
use std::io::Write;
use std::pin::pin;
use std::process::ExitCode;

use sockbit_web::compose::{compose, migrate, token};
use sockbit_web::config::{Config, ConfigError, Role, StoreUrl, Task};
use sockbit_web::dead_letters::attend;
use sockbit_web::{server, telemetry};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

/// A failure, as it is told to whoever started the program.
type Failure = Box<dyn std::error::Error>;

/// The exit code for a command line or environment that cannot be used.
const BAD_CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    let config = match Config::read(std::env::args_os()) {
        Ok(config) => config,
        Err(ConfigError::CommandLine(said)) => said.exit(),
        Err(ConfigError::Mistakes(mistakes)) => {
            complain(&mistakes);
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&*failure);
            ExitCode::FAILURE
        }
    }
}

fn run(config: &Config) -> Result<(), Failure> {
    telemetry::log(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = carry_out(config, &runtime);
    // What is stuck by now ends with the process.
    runtime.shutdown_timeout(server::linger(config.drain_within));
    done
}

fn carry_out(config: &Config, runtime: &Runtime) -> Result<(), Failure> {
    match &config.task {
        Task::Run(role) => runtime.block_on(serve(config, role)),
        Task::Migrate(store) => Ok(runtime.block_on(migrate(store))?),
        Task::DeadLetters { bus, wish } => {
            Ok(runtime.block_on(attend(bus, wish, &mut std::io::stdout()))?)
        }
        Task::Token { secret, name } => {
            Ok(writeln!(std::io::stdout(), "{}", token(secret, name)?)?)
        }
    }
}

async fn serve(config: &Config, role: &Role) -> Result<(), Failure> {
    // Before anything else, so that no signal finds nobody listening.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    server::open_files::raise(config.server.connections_max);
    let mut stop = pin!(async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    let listener = server::bind(config.listen).await?;
    // A server that does not answer and a long migration can be waited for, and need not be.
    let site = tokio::select! {
        site = compose(config, role) => site?,
        () = &mut stop => return Ok(()),
    };
    greet(config, role, listener.local_addr()?)?;
    let hurry = async {
        // Whoever interrupts twice does not want to wait.
        if let Ok(mut again) = signal(SignalKind::interrupt()) {
            again.recv().await;
        }
    };
    Ok(server::serve(listener, site, config, stop, hurry).await?)
}

fn greet(config: &Config, role: &Role, address: impl Display) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match (role, &config.public_url) {
        (Role::Worker { .. }, _) => {
            writeln!(out, "A SockBit worker; its health is at http://{address}/readyz")?;
        }
        (_, Some(url)) => writeln!(out, "SockBit listens on {address} for {url}")?,
        (_, None) => writeln!(out, "SockBit is at http://{address}")?,
    }
    match role.store() {
        Some(StoreUrl::Sqlite(path)) => writeln!(out, "Its boards are in {}", path.display())?,
        Some(StoreUrl::Postgres(url)) => writeln!(out, "Its boards are in {url}")?,
        Some(StoreUrl::Memory) => {
            writeln!(out, "Its boards are in memory, and gone when it ends")?;
        }
        None => {}
    }
    if let Some(bus) = role.bus() {
        writeln!(out, "Its bus is {}", bus.url)?;
    }
    out.flush()
}

/// One line for each thing that is wrong. Where even standard error is gone, nobody listens.
fn complain(failure: &(impl Display + ?Sized)) {
    let mut err = std::io::stderr().lock();
    for line in failure.to_string().lines() {
        writeln!(err, "sockbit: {line}").ok();
    }
}
