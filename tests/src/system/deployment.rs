//! The app in one process or as a cluster, for tests that run on both.

use super::{App, Cluster, Endpoint};
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
    /// One process with SQLite.
    pub async fn in_one_process() -> Self {
        Self::in_one_process_with(&[]).await
    }

    /// Like [`Deployment::in_one_process`], with more flags.
    pub async fn in_one_process_with(flags: &[&str]) -> Self {
        Self { shape: Shape::InOneProcess(App::start_with(flags).await) }
    }

    /// Two gateways and two workers with RabbitMQ and PostgreSQL.
    pub async fn across_processes() -> Self {
        let database = Database::fresh().await;
        let (bus, namespace) = (bus_url(), fresh_namespace());
        let cluster = Cluster::start(database.url(), &bus, &namespace, &[]).await;
        Self { shape: Shape::AcrossProcesses { cluster, _database: database } }
    }

    /// URL of the first endpoint, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        self.endpoints().swap_remove(0).url
    }

    /// The URL of the same page at another gateway, if there is one.
    #[must_use]
    pub fn at_another_gateway(&self, page: &str) -> String {
        let endpoints = self.endpoints();
        let other = endpoints.last().map(|endpoint| endpoint.url.clone()).unwrap_or_default();
        page.replace(&self.url(), &other)
    }

    /// Kills all processes with SIGKILL.
    pub async fn kill(&mut self) {
        match &mut self.shape {
            Shape::InOneProcess(app) => app.kill().await,
            Shape::AcrossProcesses { cluster, .. } => cluster.kill().await,
        }
    }

    /// Starts all processes on the same ports as before.
    pub async fn launch(&mut self) {
        match &mut self.shape {
            Shape::InOneProcess(app) => app.launch().await,
            Shape::AcrossProcesses { cluster, .. } => cluster.launch().await,
        }
    }

    /// All endpoints for clients.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        match &self.shape {
            Shape::InOneProcess(app) => vec![app.endpoint()],
            Shape::AcrossProcesses { cluster, .. } => cluster.endpoints(),
        }
    }
}
