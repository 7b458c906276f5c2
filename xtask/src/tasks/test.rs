//! All tests.

use anyhow::Result;

use crate::cargo::cargo;
use crate::packages::{BROWSER, BROWSER_DRIVER, provide};

/// Builds the app, which system tests start as its users do, and runs all tests. What follows is
/// handed on to `cargo test`.
pub fn test(rest: &[String]) -> Result<()> {
    provide(&[BROWSER, BROWSER_DRIVER])?;
    cargo(&["build", "--locked", "--package", "sockbit-web"])?;
    let mut arguments = vec!["test", "--locked", "--workspace", "--no-fail-fast"];
    arguments.extend(rest.iter().map(String::as_str));
    cargo(&arguments)
}
