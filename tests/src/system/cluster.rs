//! The app as a cluster of two gateways and two workers.

use futures::future::join_all;
use tokio::process::Command;

use super::process::program;
use super::{Endpoint, Process};

/// The key that signs bus messages.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";
/// The id of the key.
pub const KEY_ID: &str = "test";
const SECRET: &str = "fedcba9876543210fedcba9876543210";

/// Gateways and workers with their own bus namespace and database.
pub struct Cluster {
    /// They hold client connections.
    pub gateways: Vec<Process>,
    /// They run the core.
    pub workers: Vec<Process>,
}

impl Cluster {
    /// Starts two of each and waits until all are ready.
    pub async fn start(database: &str, bus: &str, namespace: &str, flags: &[&str]) -> Self {
        let mut cluster = Self::unstarted(database, bus, namespace, flags);
        cluster.launch().await;
        cluster
    }

    /// Prepares the processes and does not start them.
    #[must_use]
    pub fn unstarted(database: &str, bus: &str, namespace: &str, flags: &[&str]) -> Self {
        let gateway = |_| Self::gateway(bus, namespace, flags);
        let worker = |_| Self::worker(database, bus, namespace, flags);
        Self { gateways: (0..2).map(gateway).collect(), workers: (0..2).map(worker).collect() }
    }

    /// One more gateway for such a cluster, not started.
    #[must_use]
    pub fn gateway(bus: &str, namespace: &str, flags: &[&str]) -> Process {
        process("gateway", bus, namespace, &["--secret", SECRET], flags)
    }

    /// One more worker for such a cluster, not started.
    #[must_use]
    pub fn worker(database: &str, bus: &str, namespace: &str, flags: &[&str]) -> Process {
        process("worker", bus, namespace, &["--store", database], flags)
    }

    /// Starts all processes, with the same ports and servers as before.
    pub async fn launch(&mut self) {
        for process in self.all() {
            process.spawn();
        }
        self.wait_until_ready().await;
    }

    /// Waits until all processes are ready.
    pub async fn wait_until_ready(&mut self) {
        join_all(self.all().map(|process| process.wait_until_ready())).await;
    }

    /// Kills all processes with SIGKILL.
    pub async fn kill(&mut self) {
        join_all(self.all().map(Process::kill)).await;
    }

    /// Stops all processes with SIGTERM; returns whether all exited with success.
    pub async fn stop(&mut self) -> bool {
        join_all(self.all().map(Process::stop)).await.into_iter().all(|is_success| is_success)
    }

    /// The endpoints of all gateways.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.gateways.iter().map(Process::endpoint).collect()
    }

    /// A token for a program of this name.
    pub async fn token(&self, name: &str) -> String {
        output_of(&["token", "--secret", SECRET, "--name", name]).await
    }

    /// The output of `sockbit dead-letters` with this action.
    pub async fn dead_letters(bus: &str, namespace: &str, action: &[&str]) -> String {
        let keys = keys();
        let bus_flags = ["--bus", bus, "--bus-keys", &keys, "--bus-namespace", namespace];
        output_of(&[&["dead-letters"], action, &bus_flags].concat()).await
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Process> {
        self.workers.iter_mut().chain(&mut self.gateways)
    }
}

fn keys() -> String {
    format!("{KEY_ID}:{KEY}")
}

fn process(role: &str, bus: &str, namespace: &str, own: &[&str], flags: &[&str]) -> Process {
    let keys = keys();
    let bus_flags = ["--bus", bus, "--bus-keys", &keys, "--bus-namespace", namespace];
    let arguments = [&[role], &bus_flags[..], own, flags].concat();
    Process::unstarted(arguments.into_iter().map(ToOwned::to_owned).collect())
}

/// Runs the program until it exits and returns its output.
async fn output_of(arguments: &[&str]) -> String {
    let output = Command::new(program()).args(arguments).output().await.expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
