//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::deployment::Subject;
use crate::scenarios::Scenario;

/// Runs load scenarios on SockBit in each shape and on Socket.IO servers beside it, on private
/// servers with durable settings, and writes the results to docs/performance.md.
///
/// A run of everything replaces the tables in docs. A selection, or a quick run, is written to
/// target/bench instead, unless --output names a folder.
#[derive(Parser, Debug)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", max_term_width = 100)]
#[command(after_help = "\
Microbenchmarks with criterion: `cargo xtask bench --criterion [FILTER] [--save-baseline NAME]
[--baseline NAME]`. Without --growth nothing but the scenarios is measured.")]
pub struct Options {
    /// Number of runs; tables show the median and the range
    #[arg(long, default_value_t = 3)]
    pub runs: usize,
    /// One run with short scenarios, to see whether everything works
    #[arg(long)]
    pub quick: bool,
    /// Shapes of SockBit to measure
    #[arg(long, value_delimiter = ',', value_enum)]
    pub shapes: Option<Vec<Subject>>,
    /// Socket.IO servers to measure
    #[arg(long, value_delimiter = ',', value_enum)]
    pub peers: Option<Vec<Subject>>,
    /// Measure SockBit alone, where Node.js, npm or Redis is missing
    #[arg(long, conflicts_with = "peers")]
    pub without_peers: bool,
    /// Scenarios to run
    #[arg(long, value_delimiter = ',', value_enum)]
    pub scenarios: Option<Vec<Scenario>>,
    /// Measure how costs grow with boards, notes, history, members, gateways and workers instead
    #[arg(long)]
    pub growth: bool,
    /// What grows; implies --growth
    #[arg(long, value_delimiter = ',', value_enum)]
    pub axes: Option<Vec<crate::growth::Axis>>,
    /// Folder for the tables and plots
    #[arg(long)]
    pub output: Option<PathBuf>,
}

impl Options {
    /// What is measured: the shapes, then the Socket.IO servers.
    pub fn subjects(&self) -> Vec<Subject> {
        let chosen = |list: &Option<Vec<Subject>>, is_peer| match list {
            Some(list) => list.clone(),
            None => Subject::ALL.into_iter().filter(|it| it.is_peer() == is_peer).collect(),
        };
        let peers = if self.without_peers { Vec::new() } else { chosen(&self.peers, true) };
        [chosen(&self.shapes, false), peers].concat()
    }

    /// The scenarios that run.
    pub fn scenarios(&self) -> Vec<Scenario> {
        self.scenarios.clone().unwrap_or_else(|| Scenario::ALL.to_vec())
    }

    /// Whether the results may replace the published ones.
    pub fn is_complete(&self) -> bool {
        !self.quick
            && self.shapes.is_none()
            && self.peers.is_none()
            && self.scenarios.is_none()
            && self.axes.is_none()
            && !self.without_peers
    }

    /// The number of runs.
    pub fn run_count(&self) -> usize {
        if self.quick { 1 } else { self.runs }
    }
}
