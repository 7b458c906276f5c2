//! The load scenarios as a program: `cargo xtask bench`.
#![expect(clippy::print_stderr, reason = "it is a command line program")]

use std::process::ExitCode;

use clap::Parser;
use sockbit_bench::{Options, run};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
