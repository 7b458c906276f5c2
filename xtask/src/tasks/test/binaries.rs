//! The test binaries that cargo builds.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cargo::{cargo_command, root};

/// Tests of this package that need neither a server nor a browser nor a running app.
const WITHOUT_SERVERS: [&str; 7] = [
    "architecture",
    "bus_contract",
    "delta_laws",
    "delta_vectors",
    "sockbit_tests",
    "store_contract",
    "style_sheets",
];
/// The two tests that take longest and mostly wait. They run one after the other, beside all others:
/// at the same time they would slow each other down.
const LONGEST: [&str; 2] = ["browser", "faults"];

/// One test binary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestBinary {
    pub package: String,
    /// The name of its target, such as the test's file.
    pub name: String,
    /// The source file, relative to the workspace's root.
    pub source: PathBuf,
    /// The folder that it runs in.
    pub package_folder: PathBuf,
    pub executable: PathBuf,
}

impl TestBinary {
    pub fn needs_no_server(&self) -> bool {
        match self.package.as_str() {
            "sockbit-servers" => false,
            "sockbit-tests" => WITHOUT_SERVERS.contains(&self.name.as_str()),
            _ => true,
        }
    }

    pub fn is_longest(&self) -> bool {
        LONGEST.contains(&self.name.as_str())
    }

    fn of_artifact(artifact: &Value) -> Option<Self> {
        let is_test = artifact["reason"] == "compiler-artifact"
            && artifact["profile"]["test"] == true
            && artifact["target"]["test"] == true;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let path = |value: &Value| value.as_str().map(PathBuf::from);
        let executable = path(&artifact["executable"]).filter(|_| is_test)?;
        let source = path(&artifact["target"]["src_path"])?;
        let id = text(&artifact["package_id"])?;
        // As in `path+file:///repo/xtask#0.1.0` and `path+file:///repo/tests#sockbit-tests@0.1.0`.
        let (url, version) = id.split_once('#')?;
        let package = match version.split_once('@') {
            Some((name, _)) => name,
            None => url.rsplit('/').next()?,
        };
        Some(Self {
            package: package.to_owned(),
            name: text(&artifact["target"]["name"])?,
            source: source.strip_prefix(root()).map(Path::to_owned).unwrap_or(source),
            package_folder: path(&artifact["manifest_path"])?.parent()?.to_owned(),
            executable,
        })
    }
}

/// Builds all programs and tests of the workspace. Together, because dependencies that only tests
/// have change the features of others, and cargo would build those twice.
pub fn build_all() -> Result<Vec<TestBinary>> {
    let build = ["build", "--locked", "--workspace", "--bins", "--tests"];
    println!("$ cargo {}", build.join(" "));
    let mut cargo = cargo_command(&build);
    cargo.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let output = cargo.output().context("cargo cannot be run")?;
    ensure!(output.status.success(), "the tests could not be built");
    let messages = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut binaries = Vec::new();
    for message in messages {
        let artifact = serde_json::from_slice(message).context("cargo wrote invalid JSON")?;
        binaries.extend(TestBinary::of_artifact(&artifact));
    }
    ensure!(!binaries.is_empty(), "cargo built no tests");
    Ok(binaries)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARTIFACT: &str = r#"{
        "reason": "compiler-artifact",
        "package_id": "path+file:///repo/tests#sockbit-tests@0.1.0",
        "manifest_path": "/repo/tests/Cargo.toml",
        "target": {"name": "faults", "src_path": "/repo/tests/tests/faults.rs", "test": true},
        "profile": {"test": true},
        "executable": "/repo/target/debug/deps/faults-1"
    }"#;

    #[test]
    fn a_test_binary_is_found_in_the_messages_of_cargo() {
        let artifact = serde_json::from_str(ARTIFACT).expect("valid JSON");
        let binary = TestBinary::of_artifact(&artifact).expect("a test");
        assert_eq!((&*binary.package, &*binary.name), ("sockbit-tests", "faults"));
        assert_eq!(binary.package_folder, Path::new("/repo/tests"));
        assert!(binary.is_longest() && !binary.needs_no_server());
    }

    #[test]
    fn a_program_is_not_a_test() {
        let program = ARTIFACT.replace("\"profile\": {\"test\": true}", "\"profile\": {}");
        let artifact = serde_json::from_str(&program).expect("valid JSON");
        assert_eq!(TestBinary::of_artifact(&artifact), None);
    }
}
