//! The board page in Chromium, how long it takes until it is live and what actions cost:
//! `cargo xtask bench --browser`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command line program")]

mod action_cost;
mod page_load;
mod page_measurement;
mod page_report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use sockbit_bench::PUBLISHED;
use sockbit_bench::report::Machine;
use tokio::runtime::Runtime;

use page_measurement::measure_pages;
use page_report::write_pages;

/// The options of the task.
#[derive(Parser)]
struct Options {
    /// Number of visits of each board; tables show the median and the range
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Folder for the tables
    #[arg(long)]
    output: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let machine = Machine::inspect(None, false, &["--browser".to_owned()])?;
    let runtime = Runtime::new().context("the runtime cannot be started")?;
    let pages = runtime.block_on(measure_pages(options.runs))?;
    let output = options.output.as_deref().unwrap_or(Path::new(PUBLISHED));
    println!("\n{}", write_pages(output, &machine, options.runs, &pages)?);
    Ok(())
}
