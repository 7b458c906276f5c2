//! The app in one of its shapes, as people meet it.

use super::{App, Cluster, Endpoint, Process};
use crate::servers::{Database, bus_url, fresh_namespace};

/// A running app.
pub struct Deployment {
    shape: Shape,
}

enum Shape {
    InOneProcess(App),
    AcrossProcesses { cluster: Cluster, _database: Database },
}

impl Deployment {
    /// Everything in one process, on SQLite.
    pub async fn in_one_process() -> Self {
        Self::in_one_process_with(&[]).await
    }

    /// Like [`Deployment::in_one_process`], with more flags.
    pub async fn in_one_process_with(flags: &[&str]) -> Self {
        Self { shape: Shape::InOneProcess(App::start_with(flags).await) }
    }

    /// Two gateways and two workers, on RabbitMQ and Postgres.
    pub async fn across_processes() -> Self {
        Self::across_processes_with(&[]).await
    }

    /// Like [`Deployment::across_processes`], with more flags.
    pub async fn across_processes_with(flags: &[&str]) -> Self {
        let database = Database::fresh().await;
        let (bus, namespace) = (bus_url(), fresh_namespace());
        let cluster = Cluster::start(database.url(), &bus, &namespace, flags).await;
        Self { shape: Shape::AcrossProcesses { cluster, _database: database } }
    }

    /// Where somebody comes to it, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        self.endpoints().swap_remove(0).url
    }

    /// The same page as somebody else reaches it: at another gateway, where there is one.
    #[must_use]
    pub fn at_another_gateway(&self, page: &str) -> String {
        let endpoints = self.endpoints();
        let other = endpoints.last().map(|endpoint| endpoint.url.clone()).unwrap_or_default();
        page.replace(&self.url(), &other)
    }

    /// Ends all of it as a power cut would.
    pub async fn kill(&mut self) {
        match &mut self.shape {
            Shape::InOneProcess(app) => app.kill().await,
            Shape::AcrossProcesses { cluster, .. } => cluster.kill().await,
        }
    }

    /// Starts it where it was before.
    pub async fn launch(&mut self) {
        match &mut self.shape {
            Shape::InOneProcess(app) => app.launch().await,
            Shape::AcrossProcesses { cluster, .. } => cluster.launch().await,
        }
    }

    /// Memory of the processes that hold connections, in KiB.
    #[must_use]
    pub fn gateway_memory_kib(&self) -> u64 {
        match &self.shape {
            Shape::InOneProcess(app) => app.memory_kib(),
            Shape::AcrossProcesses { cluster, .. } => {
                cluster.gateways.iter().map(Process::memory_kib).sum()
            }
        }
    }

    /// Every place where clients reach it.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        match &self.shape {
            Shape::InOneProcess(app) => vec![app.endpoint()],
            Shape::AcrossProcesses { cluster, .. } => cluster.endpoints(),
        }
    }
}
