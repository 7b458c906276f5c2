//! Runs cargo and fails if it fails.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Runs cargo in the workspace's root.
pub fn cargo(arguments: &[&str]) -> Result<()> {
    cargo_with(arguments, &[])
}

/// Runs cargo with additional environment variables.
pub fn cargo_with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    println!("$ cargo {}", arguments.join(" "));
    let mut cargo = cargo_command(arguments);
    let status = cargo.envs(environment.iter().copied()).status().context("cargo cannot be run")?;
    ensure!(status.success(), "`cargo {}` failed", arguments.join(" "));
    Ok(())
}

/// The command that runs cargo in the workspace's root.
pub fn cargo_command(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for name in package_variables() {
        cargo.env_remove(name);
    }
    cargo.args(arguments).current_dir(root());
    cargo
}

/// Variables that `cargo run` sets for this package. They are removed because build scripts depend
/// on variables of these names: otherwise cargo would rebuild them whenever it is run by this task
/// and by hand in turn.
fn package_variables() -> impl Iterator<Item = OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    })
}

/// The workspace's root.
pub fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// The folder of build results.
#[expect(clippy::disallowed_methods, reason = "cargo's own setting of where it builds")]
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |it| root().join(it))
}
