//! Load scenarios on SockBit in each shape and on Socket.IO servers beside it: `cargo xtask bench`.
#![expect(clippy::print_stdout, reason = "it is a part of command line programs")]
#![expect(
    missing_docs,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "only the benchmarks of this workspace use it"
)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "figures have three digits"
)]

mod clock;
pub mod deployment;
mod growth;
mod load;
mod options;
pub mod report;
pub mod scenarios;
mod setup;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit, setrlimit};

use deployment::{Deployment, Peers, Servers, Subject};
use growth::Axis;
pub use options::Options;
use report::{Machine, Measurement, write_growth, write_scenarios};
use scenarios::{Length, Scenario, program_mib, warm_up};
use setup::Ids;

/// The workspace's folder for published results.
pub const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
/// And for all others.
const UNPUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/bench");

/// Measures what the options select, and writes tables and plots.
pub fn run(options: &Options) -> Result<()> {
    allow_many_connections()?;
    let is_growth = options.growth || options.axes.is_some();
    let mut subjects = options.subjects();
    subjects.retain(|it| !is_growth || !it.is_peer());
    let has_peers = subjects.iter().any(|it| it.is_peer());
    let folder = Path::new(UNPUBLISHED);
    let peers = has_peers.then(|| Peers::install(folder.join("peers"))).transpose()?;
    let servers = Servers::start(subjects.contains(&Subject::SocketioRedis))?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let machine = Machine::inspect(Some(&servers), has_peers, &arguments)?;
    let output = output_folder(options);
    std::fs::create_dir_all(&output).context("the folder of the results")?;
    let tables = if is_growth {
        let points = measure_growth(options, &subjects, &servers)?;
        write_growth(&output, &machine, &points)?
    } else {
        let measurements = measure_scenarios(options, &subjects, &servers, peers.as_ref())?;
        write_scenarios(&output, &machine, options.run_count(), program_mib()?, &measurements)?
    };
    println!("\n{tables}\nwritten to {}", output.display());
    Ok(())
}

fn output_folder(options: &Options) -> PathBuf {
    let standard = if options.is_complete() { PUBLISHED } else { UNPUBLISHED };
    options.output.clone().unwrap_or_else(|| standard.into())
}

fn measure_scenarios(
    options: &Options,
    subjects: &[Subject],
    servers: &Servers,
    peers: Option<&Peers>,
) -> Result<Vec<Measurement>> {
    let length = if options.quick { Length::Quick } else { Length::Full };
    let mut chosen = options.scenarios();
    chosen.sort();
    let mut measurements = Vec::new();
    for run in 1..=options.run_count() {
        for subject in subjects {
            println!("run {run}: {}", subject.title());
            let deployment = Deployment::start(*subject, servers, peers)?;
            let mut ids = Ids::new();
            let mut is_warm = false;
            for scenario in chosen.iter().filter(|it| it.applies_to(*subject)) {
                if !is_warm && *scenario > Scenario::Idle {
                    warm_up(&deployment, &mut ids, length)?;
                    is_warm = true;
                }
                let figures = scenario.run(&deployment, &mut ids, length);
                let title = || format!("{} of {}", scenario.title(), subject.title());
                let figures = figures.with_context(title)?;
                println!("  {}: {}", scenario.title(), figures.line(scenario.columns()));
                measurements.push(Measurement { scenario: *scenario, subject: *subject, figures });
            }
        }
    }
    Ok(measurements)
}

fn measure_growth(
    options: &Options,
    subjects: &[Subject],
    servers: &Servers,
) -> Result<Vec<growth::GrowthPoint>> {
    let length = if options.quick { Length::Quick } else { Length::Full };
    let mut points = Vec::new();
    for axis in options.axes.clone().unwrap_or_else(|| Axis::ALL.to_vec()) {
        for value in axis.values() {
            for subject in subjects.iter().filter(|it| axis.applies_to(**it)) {
                let title = || format!("{value} {}, {}", axis.title(), subject.title());
                let point = growth::measure(axis, *value, *subject, servers, length);
                let point = point.with_context(title)?;
                println!("{}: {}", title(), point.figures.line(growth::COLUMNS));
                points.push(point);
            }
        }
    }
    Ok(points)
}

/// Each connection is a file here and in a server, which inherits the limit.
fn allow_many_connections() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("the limit of open files cannot be raised")
}
