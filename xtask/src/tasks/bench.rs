//! The benchmarks: load scenarios on whole deployments, and microbenchmarks with criterion.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{cargo, target};
use crate::system_packages::{NODE, NPM, POSTGRES, RABBITMQ, REDIS, install_missing};

const CRITERION: &str = "--criterion";
const WITHOUT_PEERS: &str = "--without-peers";
const HELP: [&str; 2] = ["--help", "-h"];

/// Runs load scenarios, or the microbenchmarks if the first argument is `--criterion`.
pub fn bench(arguments: &[String]) -> Result<()> {
    if let Some((CRITERION, rest)) = arguments.split_first().map(|(it, rest)| (&**it, rest)) {
        return criterion(rest);
    }
    if !arguments.iter().any(|it| HELP.contains(&&**it)) {
        install_missing(&[POSTGRES, RABBITMQ])?;
        if !arguments.iter().any(|it| it == WITHOUT_PEERS) {
            install_missing(&[NODE, NPM, REDIS]).context(
                "the Socket.IO servers cannot run; --without-peers measures SockBit alone",
            )?;
        }
    }
    load(arguments)
}

/// Runs the microbenchmarks whose names match the filter, or all. Options of criterion, such as
/// `--save-baseline`, are passed on.
fn criterion(arguments: &[String]) -> Result<()> {
    let mut command = vec!["bench", "--package", "sockbit-tests", "--benches", "--"];
    command.extend(arguments.iter().map(String::as_str));
    cargo(&command)
}

/// Builds the program and the load generator, and runs the latter.
fn load(arguments: &[String]) -> Result<()> {
    let packages = ["--package", "sockbit-web", "--package", "sockbit-bench"];
    cargo(&[&["build", "--release", "--locked"], &packages[..]].concat())?;
    let program = target().join("release/sockbit-bench");
    let status = Command::new(&program).args(arguments).status();
    let status = status.with_context(|| format!("{} cannot be run", program.display()))?;
    ensure!(status.success(), "the benchmarks failed");
    Ok(())
}
