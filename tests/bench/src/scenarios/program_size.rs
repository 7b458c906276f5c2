//! The size of the program.

use std::fs;

use anyhow::{Context, Result};

use crate::deployment::program;

/// The size of the file in MiB.
pub fn program_mib() -> Result<f64> {
    let size = fs::metadata(program()?).context("the program has no size")?.len();
    Ok(size as f64 / f64::from(1 << 20))
}
