//! A composed process: its router and background tasks, and how they stop.

use std::sync::Arc;

use axum::Router;
use tokio::task::JoinSet;

use super::open_bus::OpenBus;
use super::open_store::OpenStore;
use crate::app_state::AppState;
use crate::http::health::Health;

/// A running gateway, worker, or both.
pub struct RunningApp {
    pub(crate) router: Router,
    pub(crate) health: Arc<Health>,
    /// `None` in a worker, which serves no clients.
    pub(crate) app: Option<Arc<AppState>>,
    pub(crate) bus: OpenBus,
    pub(crate) store: Option<OpenStore>,
    /// Gateway and worker. They end when the bus closes; if one ends earlier, that is an error.
    pub(crate) essential_tasks: JoinSet<()>,
    /// Tasks that never end by themselves.
    pub(crate) background_tasks: JoinSet<()>,
}

impl RunningApp {
    /// Number of live connections.
    pub(crate) fn sessions(&self) -> usize {
        self.app.as_ref().map_or(0, |app| app.gateway.sessions())
    }

    /// Waits until an essential task ends, which it must not do while the process serves.
    pub(crate) async fn essential_task_ended(&mut self) {
        self.essential_tasks.join_next().await;
    }

    /// Accepts no new sessions and asks live connections to reconnect elsewhere.
    pub(crate) async fn drain(&self) {
        self.health.drain();
        if let Some(app) = &self.app {
            app.gateway.drain().await;
        }
    }

    /// Closes the bus and waits until work in progress is done.
    pub(crate) async fn finish(&mut self) {
        self.bus.close().await;
        while self.essential_tasks.join_next().await.is_some() {}
    }

    /// Aborts unfinished tasks and closes the store.
    pub(crate) async fn close(mut self) {
        self.essential_tasks.shutdown().await;
        self.background_tasks.shutdown().await;
        if let Some(store) = self.store {
            store.close().await;
        }
    }
}
