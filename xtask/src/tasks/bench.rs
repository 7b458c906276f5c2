//! The benchmarks.

use anyhow::Result;

use crate::cargo::cargo;

/// Runs the benchmarks whose names match the filter, or all.
pub fn bench(filter: &[String]) -> Result<()> {
    let mut arguments = vec!["bench", "--package", "sockbit-tests", "--benches", "--"];
    arguments.extend(filter.iter().map(String::as_str));
    cargo(&arguments)
}
