//! The fault rig.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{cargo, cargo_with, root};
use crate::system_packages::{BROWSER, BROWSER_DRIVER, POSTGRES, RABBITMQ, install_missing};

const OLDER: &str = "--older";
/// The variable with the path of the older program.
const OLDER_PROGRAM: &str = "SOCKBIT_TEST_OLDER";

/// Runs the faults whose names match the arguments, or all. `--long` runs each for measurements,
/// and `--older REVISION` runs the program of that revision beside the newest.
pub fn faults(rest: &[String]) -> Result<()> {
    install_missing(&[BROWSER, BROWSER_DRIVER, POSTGRES, RABBITMQ])?;
    let (older, rest) = without_older(rest)?;
    let older = older.map(program_of).transpose()?;
    // In one build, as in `build_all`.
    cargo(&["build", "--locked", "--workspace", "--bin", "sockbit", "--test", "faults"])?;
    let mut arguments = vec!["test", "--locked", "--workspace", "--test", "faults", "--"];
    arguments.extend(rest);
    let older = older.as_ref().map(|program| program.to_string_lossy());
    let environment: Vec<_> = older.iter().map(|program| (OLDER_PROGRAM, &**program)).collect();
    cargo_with(&arguments, &environment)
}

/// The older revision, if one is requested, and the other arguments.
fn without_older(rest: &[String]) -> Result<(Option<&str>, Vec<&str>)> {
    let mut rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let Some(index) = rest.iter().position(|it| *it == OLDER) else { return Ok((None, rest)) };
    ensure!(index + 1 < rest.len(), "{OLDER} needs a revision, as in `{OLDER} HEAD~1`");
    let older = rest.drain(index..index + 2).next_back();
    Ok((older, rest))
}

/// Builds the program of a revision in its own folder.
fn program_of(revision: &str) -> Result<PathBuf> {
    let folder = root().join("target/older");
    let (source, target) = (folder.join("source"), folder.join("target"));
    let source_name = source.to_string_lossy();
    if !source.is_dir() {
        git(&["worktree", "add", "--force", "--detach", &source_name, revision])?;
    }
    git(&["-C", &source_name, "checkout", "--detach", revision])?;
    let manifest = source.join("Cargo.toml");
    let manifest = manifest.to_string_lossy();
    let build = ["build", "--locked", "--package", "sockbit-web", "--manifest-path", &manifest];
    cargo_with(&build, &[("CARGO_TARGET_DIR", &target.to_string_lossy())])?;
    Ok(target.join("debug/sockbit"))
}

fn git(arguments: &[&str]) -> Result<()> {
    let status = Command::new("git").args(arguments).current_dir(root()).status();
    ensure!(status.context("git cannot be run")?.success(), "`git {}` failed", arguments.join(" "));
    Ok(())
}
