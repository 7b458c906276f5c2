//! Runs test binaries in two lanes, and prints the output of each when it has ended.

use std::fs::{self, File};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::binaries::TestBinary;
use super::options::Scope;
use crate::cargo::root;

/// A test without the usual harness.
const FAULT_RIG: &str = "faults";

/// The result of one test binary.
struct BinaryResult {
    binary: TestBinary,
    took: Duration,
    is_success: bool,
    output: String,
}

/// Runs all binaries. Fails if any fails, after all have run.
pub fn run_in_lanes(
    binaries: Vec<TestBinary>,
    arguments: &[String],
    environment: &[(&'static str, String)],
    scope: Scope,
) -> Result<()> {
    let (mut longest, others): (Vec<_>, Vec<_>) =
        binaries.into_iter().partition(TestBinary::is_longest);
    longest.sort_by_key(|it| it.name != FAULT_RIG);
    let runner = Runner { arguments, environment, scope, failed: Mutex::default() };
    thread::scope(|scope| {
        let others = scope.spawn(|| runner.run_lane(&others));
        runner.run_lane(&longest)?;
        others.join().unwrap_or_else(|it| std::panic::resume_unwind(it))
    })?;
    let failed = runner.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !failed.is_empty() {
        bail!("these tests failed: {}", failed.join(", "));
    }
    Ok(())
}

struct Runner<'a> {
    arguments: &'a [String],
    environment: &'a [(&'static str, String)],
    scope: Scope,
    /// The sources of failed tests.
    failed: Mutex<Vec<String>>,
}

impl Runner<'_> {
    fn run_lane(&self, binaries: &[TestBinary]) -> Result<()> {
        for binary in binaries {
            let result = self.run(binary)?;
            // Held while printing, so that the outputs of the two lanes are not mixed.
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            print(&result);
            if !result.is_success {
                failed.push(result.binary.source.display().to_string());
            }
        }
        Ok(())
    }

    fn run(&self, binary: &TestBinary) -> Result<BinaryResult> {
        let start = now();
        let mut command = Command::new(&binary.executable);
        command.args(self.arguments).current_dir(&binary.package_folder);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if binary.name == FAULT_RIG && self.scope == Scope::Long {
            command.arg("--long");
        }
        let (status, output) = run_with_log(command, binary)?;
        let (took, is_success) = (start.elapsed(), status.success());
        Ok(BinaryResult { binary: binary.clone(), took, is_success, output })
    }
}

/// Writes both outputs to one file, which can be read while the test runs.
fn run_with_log(mut command: Command, binary: &TestBinary) -> Result<(ExitStatus, String)> {
    let folder = root().join("target/test-logs");
    fs::create_dir_all(&folder).context("the folder of logs cannot be created")?;
    let path = folder.join(format!("{}-{}.log", binary.package, binary.name));
    let error = || format!("{} cannot be written", path.display());
    let log = File::create(&path).with_context(error)?;
    command.stdout(log.try_clone().with_context(error)?).stderr(log);
    let status = command.status();
    let status =
        status.with_context(|| format!("{} cannot be run", binary.executable.display()))?;
    let output = fs::read(&path).with_context(error)?;
    Ok((status, String::from_utf8_lossy(&output).into_owned()))
}

fn print(result: &BinaryResult) {
    let source = result.binary.source.display();
    println!("\n     Running {source} ({:.1} s)", result.took.as_secs_f64());
    println!("{}", result.output.trim_end());
}

#[expect(clippy::disallowed_methods, reason = "tests take real time")]
fn now() -> Instant {
    Instant::now()
}
