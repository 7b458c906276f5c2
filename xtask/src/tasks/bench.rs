//! The benchmarks: load scenarios on whole deployments, and microbenchmarks with criterion.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{cargo, target};
use crate::system_packages::{
    BROWSER, BROWSER_DRIVER, NODE, NPM, POSTGRES, RABBITMQ, REDIS, install_missing,
};

const LOAD_BENCH: &str = "sockbit-bench";
const PAGE_BENCH: &str = "sockbit-page-bench";
const CRITERION: &str = "--criterion";
const BROWSER_PAGE: &str = "--browser";
const WITHOUT_PEERS: &str = "--without-peers";
const HELP: [&str; 2] = ["--help", "-h"];

/// Runs load scenarios, or the microbenchmarks if the first argument is `--criterion`.
pub fn bench(arguments: &[String]) -> Result<()> {
    if let Some((CRITERION, rest)) = arguments.split_first().map(|(it, rest)| (&**it, rest)) {
        return criterion(rest);
    }
    install_requirements(arguments)?;
    if arguments.iter().any(|it| it == BROWSER_PAGE) { pages(arguments) } else { load(arguments) }
}

fn install_requirements(arguments: &[String]) -> Result<()> {
    let has = |option: &str| arguments.iter().any(|it| it == option);
    if HELP.into_iter().any(has) {
        return Ok(());
    }
    if has(BROWSER_PAGE) {
        return install_missing(&[BROWSER, BROWSER_DRIVER]);
    }
    install_missing(&[POSTGRES, RABBITMQ])?;
    if has(WITHOUT_PEERS) {
        return Ok(());
    }
    install_missing(&[NODE, NPM, REDIS])
        .context("the Socket.IO servers cannot run; --without-peers measures SockBit alone")
}

/// Runs the microbenchmarks whose names match the filter, or all. Options of criterion, such as
/// `--save-baseline`, are passed on.
fn criterion(arguments: &[String]) -> Result<()> {
    let mut command = vec!["bench", "--package", "sockbit-tests", "--benches", "--"];
    command.extend(arguments.iter().map(String::as_str));
    cargo(&command)
}

/// Measures the board page in a browser.
fn pages(arguments: &[String]) -> Result<()> {
    // Not in one build: what the tests need would change the program.
    cargo(&["build", "--release", "--locked", "--package", "sockbit-web"])?;
    cargo(&["build", "--release", "--locked", "--package", PAGE_BENCH])?;
    let arguments: Vec<_> = arguments.iter().filter(|it| *it != BROWSER_PAGE).cloned().collect();
    run(PAGE_BENCH, &arguments)
}

/// Builds the program and the load generator, and runs the latter.
fn load(arguments: &[String]) -> Result<()> {
    let packages = ["--package", "sockbit-web", "--package", LOAD_BENCH];
    cargo(&[&["build", "--release", "--locked"], &packages[..]].concat())?;
    run(LOAD_BENCH, arguments)
}

fn run(name: &str, arguments: &[String]) -> Result<()> {
    let program = target().join("release").join(name);
    let status = Command::new(&program).args(arguments).status();
    let status = status.with_context(|| format!("{} cannot be run", program.display()))?;
    ensure!(status.success(), "the benchmarks failed");
    Ok(())
}
