//! All tests, in two lanes: the two longest, which mostly wait, run beside all others.

mod binaries;
mod lanes;
mod options;
mod servers;

use anyhow::Result;

use crate::cargo::{cargo, cargo_with};
use crate::system_packages::{
    BROWSER, BROWSER_DRIVER, POSTGRES, RABBITMQ, RequiredProgram, install_missing,
};
use binaries::{TestBinary, build_all};
use lanes::run_in_lanes;
use options::{Options, Scope};
use servers::StartingServers;

/// Some tests kill or misconfigure a server, so they start a private one even if servers are given.
const REQUIRED: [RequiredProgram; 4] = [BROWSER, BROWSER_DRIVER, POSTGRES, RABBITMQ];
/// Enough cases to find most mistakes in seconds.
const QUICK_CASES: [(&str, &str); 2] =
    [("SOCKBIT_DELTA_CASES", "1000"), ("SOCKBIT_SIMULATION_SEEDS", "400")];
/// The numbers of cases that `docs/reliability.md` quotes.
const LONG_CASES: [(&str, &str); 2] =
    [("SOCKBIT_DELTA_CASES", "100000"), ("SOCKBIT_SIMULATION_SEEDS", "200000")];

/// Builds the app, which system tests run, and all tests, then runs them.
///
/// The servers start while the tests are being built, and end when this returns or this process
/// ends. With options of cargo, `cargo test` itself runs the tests that they select.
pub fn test(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    if options.scope == Scope::Quick {
        let quick = build_all()?.into_iter().filter(TestBinary::needs_no_server).collect();
        return run_in_lanes(quick, &options.for_tests, &owned(&QUICK_CASES), options.scope);
    }
    install_missing(&REQUIRED)?;
    let servers = StartingServers::start();
    if !options.for_cargo.is_empty() {
        return run_selected(&options, servers);
    }
    let binaries = build_all()?;
    let servers = servers.ready()?;
    let mut environment = servers.environment();
    if options.scope == Scope::Long {
        environment.extend(owned(&LONG_CASES));
    }
    run_in_lanes(binaries, &options.for_tests, &environment, options.scope)?;
    let doc = ["test", "--locked", "--workspace", "--doc", "--quiet"];
    if options.for_tests.is_empty() { cargo(&doc) } else { Ok(()) }
}

fn owned(variables: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn run_selected(options: &Options, servers: StartingServers) -> Result<()> {
    cargo(&["build", "--locked", "--workspace", "--bin", "sockbit"])?;
    let mut arguments = vec!["test", "--locked", "--workspace", "--no-fail-fast"];
    arguments.extend(options.for_cargo.iter().map(String::as_str));
    let build = [&arguments[..], &["--no-run"]].concat();
    cargo(&build)?;
    let servers = servers.ready()?;
    let environment = servers.environment();
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, &**value)).collect();
    arguments.push("--");
    arguments.extend(options.for_tests.iter().map(String::as_str));
    cargo_with(&arguments, &environment)
}
