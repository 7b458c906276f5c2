//! The fault rig.

use anyhow::Result;

use crate::cargo::cargo;
use crate::packages::{POSTGRES, RABBITMQ, provide};

/// Runs the faults whose names match the rest, or all; `--long` runs each as often as in a night.
pub fn faults(rest: &[String]) -> Result<()> {
    provide(&[POSTGRES])?;
    provide(&[RABBITMQ])?;
    cargo(&["build", "--locked", "--package", "sockbit-web"])?;
    let mut arguments =
        vec!["test", "--locked", "--package", "sockbit-tests", "--test", "faults", "--"];
    arguments.extend(rest.iter().map(String::as_str));
    cargo(&arguments)
}
