//! The packages of the workspace, as Cargo describes them.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use crate::sources::root;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// One crate of the workspace.
#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
}

/// A dependency of a crate. Its kind is `dev` for tests, `build` for build scripts, and otherwise
/// `None`.
#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    pub kind: Option<String>,
}

/// All crates of the workspace.
pub fn packages() -> Vec<Package> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = cargo.current_dir(root()).output().expect("cargo can be run");
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo writes metadata");
    metadata.packages
}
