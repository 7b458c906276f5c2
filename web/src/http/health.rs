//! Whether this process lives, whether it can serve, and how it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use sockbit_application::gateway::Gateway;
use sockbit_application::ports::Store;
use sockbit_domain::ActorId;
use sockbit_domain::wire::Query;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::app::App;

const CHECK_WITHIN: Duration = Duration::from_secs(3);
/// However often somebody asks, the disk is asked this often at most.
const FRESH: Duration = Duration::from_secs(1);

/// Knows whether requests can be served.
pub(crate) struct Readiness {
    gateway: Arc<Gateway>,
    store: Arc<dyn Store>,
    is_draining: AtomicBool,
    latest: Mutex<Option<(Instant, Vec<String>)>>,
}

impl Readiness {
    pub fn new(gateway: Arc<Gateway>, store: Arc<dyn Store>) -> Self {
        Self { gateway, store, is_draining: AtomicBool::new(false), latest: Mutex::default() }
    }

    /// From now on others are to serve.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Why not, as far as there is a reason.
    async fn problems(&self) -> Vec<String> {
        if self.is_draining.load(Ordering::Relaxed) {
            return vec!["draining: this process is going away".to_owned()];
        }
        let mut latest = self.latest.lock().await;
        match &*latest {
            Some((at, problems)) if at.elapsed() < FRESH => problems.clone(),
            _ => {
                let problems = self.check().await;
                *latest = Some((Instant::now(), problems.clone()));
                problems
            }
        }
    }

    async fn check(&self) -> Vec<String> {
        let (store, bus) = tokio::join!(self.check_store(), self.check_bus());
        store.into_iter().chain(bus).collect()
    }

    async fn check_store(&self) -> Option<String> {
        match timeout(CHECK_WITHIN, self.store.check()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("store: {error}")),
            Err(_) => Some("store: no answer in time".to_owned()),
        }
    }

    /// A question of nobody's goes the whole way over the bus to a worker and back.
    async fn check_bus(&self) -> Option<String> {
        let asking = self.gateway.query(ActorId(Uuid::nil()), Query::MyBoards {});
        match timeout(CHECK_WITHIN, asking).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(format!("bus: {error}")),
            Err(_) => Some("bus: no answer in time".to_owned()),
        }
    }
}

/// The process runs; anything more is the business of [`ready`].
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// 200 where requests can be served, and otherwise 503 with every reason.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let problems = app.readiness.problems().await;
    let is_ready = problems.is_empty();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": is_ready, "problems": problems }))).into_response()
}

/// All measurements, as Prometheus reads them.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, app.metrics.render()).into_response()
}
