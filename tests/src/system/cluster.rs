//! The app spread over processes: two gateways that hold connections, two workers that do the work.

use futures::future::join_all;
use tokio::process::Command;

use super::process::program;
use super::{Endpoint, Process};

/// What all processes sign bus messages with.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";
/// Its name.
pub const KEY_ID: &str = "test";
const SECRET: &str = "fedcba9876543210fedcba9876543210";

/// Gateways and workers on a bus and a database of their own.
pub struct Cluster {
    /// They hold connections, and know no database.
    pub gateways: Vec<Process>,
    /// They decide and write.
    pub workers: Vec<Process>,
}

impl Cluster {
    /// Starts two of each on these servers and waits until all of them can serve.
    pub async fn start(database: &str, bus: &str, namespace: &str, flags: &[&str]) -> Self {
        let mut cluster = Self::unstarted(database, bus, namespace, flags);
        cluster.launch().await;
        cluster
    }

    /// Everything but the processes.
    #[must_use]
    pub fn unstarted(database: &str, bus: &str, namespace: &str, flags: &[&str]) -> Self {
        let gateway = |_| Self::gateway(bus, namespace, flags);
        let worker = |_| Self::worker(database, bus, namespace, flags);
        Self { gateways: (0..2).map(gateway).collect(), workers: (0..2).map(worker).collect() }
    }

    /// A further gateway of such a cluster, prepared.
    #[must_use]
    pub fn gateway(bus: &str, namespace: &str, flags: &[&str]) -> Process {
        process("gateway", bus, namespace, &["--secret", SECRET], flags)
    }

    /// A further worker of such a cluster, prepared.
    #[must_use]
    pub fn worker(database: &str, bus: &str, namespace: &str, flags: &[&str]) -> Process {
        process("worker", bus, namespace, &["--store", database], flags)
    }

    /// Starts all processes, on the same ports and servers as before.
    pub async fn launch(&mut self) {
        for process in self.all() {
            process.spawn();
        }
        self.wait_until_ready().await;
    }

    /// Waits until all of them say that they can serve.
    pub async fn wait_until_ready(&mut self) {
        join_all(self.all().map(|process| process.wait_until_ready())).await;
    }

    /// Ends all of them as a power cut would.
    pub async fn kill(&mut self) {
        join_all(self.all().map(Process::kill)).await;
    }

    /// Asks all of them to end; says whether they ended well.
    pub async fn stop(&mut self) -> bool {
        join_all(self.all().map(Process::stop)).await.into_iter().all(|ended_well| ended_well)
    }

    /// Where clients reach it: each gateway.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.gateways.iter().map(Process::endpoint).collect()
    }

    /// A token for a program of this name.
    pub async fn token(&self, name: &str) -> String {
        said(&["token", "--secret", SECRET, "--name", name]).await
    }

    /// What `sockbit dead-letters` says, given this.
    pub async fn dead_letters(bus: &str, namespace: &str, wish: &[&str]) -> String {
        let keys = keys();
        let on_the_bus = ["--bus", bus, "--bus-keys", &keys, "--bus-namespace", namespace];
        said(&[&["dead-letters"], wish, &on_the_bus].concat()).await
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
    let on_the_bus = ["--bus", bus, "--bus-keys", &keys, "--bus-namespace", namespace];
    let arguments = [&[role], &on_the_bus[..], own, flags].concat();
    Process::unstarted(arguments.into_iter().map(ToOwned::to_owned).collect())
}

/// What the program prints that does something and ends.
async fn said(arguments: &[&str]) -> String {
    let ended = Command::new(program()).args(arguments).output().await.expect("the program runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).expect("text").trim().to_owned()
}
