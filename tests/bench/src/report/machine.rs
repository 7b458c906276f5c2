//! Where and how the figures were measured.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::deployment::Servers;

const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// The machine, the versions and the command.
#[derive(Clone, Debug)]
pub struct Machine {
    date: String,
    processor: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
    revision: String,
    versions: Vec<(&'static str, String)>,
    command: String,
}

impl Machine {
    /// This machine. `arguments` are those of the task.
    pub fn inspect(
        servers: Option<&Servers>,
        with_peers: bool,
        arguments: &[String],
    ) -> Result<Self> {
        let processor =
            field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
        let memory = field("/proc/meminfo", "MemTotal").context("the size of the memory")?;
        let memory_kib: u64 = memory.trim_end_matches(" kB").parse().context("a number")?;
        let mut versions = vec![("rustc", version_in(&output("rustc", &["--version"])))];
        if let Some(servers) = servers {
            let postgres = servers.postgres.psql("show server_version")?;
            versions.push(("PostgreSQL", version_in(&postgres)));
            versions.push(("RabbitMQ", servers.rabbitmq.ctl(&["version"])?.trim().to_owned()));
        }
        if with_peers {
            versions.push(("Redis", version_in(&output("redis-server", &["--version"]))));
            versions.push(("Node.js", version_in(&output("node", &["--version"]))));
        }
        let command = ["cargo xtask bench"].into_iter().chain(arguments.iter().map(|it| &**it));
        Ok(Self {
            date: output("date", &["--utc", "+%Y-%m-%d"]),
            processor,
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: memory_kib.div_ceil(1 << 20),
            kernel: output("uname", &["-sr"]),
            revision: output(
                "git",
                &["-C", SOURCES, "describe", "--always", "--dirty", "--abbrev=10"],
            ),
            versions,
            command: command.collect::<Vec<_>>().join(" "),
        })
    }

    /// A paragraph for a document.
    pub fn paragraph(&self, runs: usize) -> String {
        let versions: Vec<_> =
            self.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let runs = match runs {
            1 => "one run".to_owned(),
            _ => format!("medians of {runs} runs, with the lowest and highest value"),
        };
        format!(
            "Measured on {} with `{}` at revision {}: {runs}, on {} cores ({}) with {} GiB, {}. \
             {}. All programs share these cores.\n",
            self.date,
            self.command,
            self.revision,
            self.cores,
            self.processor,
            self.memory_gib,
            self.kernel,
            versions.join(", "),
        )
    }
}

/// The value of the first line with this name.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The first line that a program prints; a question mark if it cannot be run.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|it| String::from_utf8_lossy(&it.stdout).into_owned());
    text.ok().and_then(|it| it.lines().next().map(str::to_owned)).unwrap_or_else(|| "?".to_owned())
}

/// The version in what a program says of itself: `7.0.15` in `Redis server v=7.0.15 bits=64`.
fn version_in(text: &str) -> String {
    let words = text.split(|it: char| it.is_whitespace() || it == '=');
    let mut numbers = words.map(|it| it.trim_start_matches('v'));
    let is_version = |it: &&str| it.starts_with(|first: char| first.is_ascii_digit());
    numbers.find(is_version).unwrap_or("?").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_a_sentence() {
        let texts =
            ["rustc 1.95.0 (59807616e 2026-04-14)", "Redis server v=7.0.15 bits=64", "v20.20.2"];
        assert_eq!(texts.map(version_in), ["1.95.0", "7.0.15", "20.20.2"]);
    }
}
