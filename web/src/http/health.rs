//! Endpoints for monitoring: liveness, readiness and metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use futures::future::{BoxFuture, join_all};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::client_address::PeerAddress;
use crate::failure::Failure;

const CHECK_TIMEOUT: Duration = Duration::from_secs(3);
/// Readiness results are cached for so long, so that probes do not load the database.
const CACHED_FOR: Duration = Duration::from_secs(1);

/// A check of one dependency, such as the store or the bus.
pub(crate) struct Check {
    name: &'static str,
    run: Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

impl Check {
    /// `run` returns what is wrong.
    pub fn new<F>(name: &'static str, run: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { name, run: Box::new(move || Box::pin(run())) }
    }

    async fn problem(&self) -> Option<String> {
        let name = self.name;
        match timeout(CHECK_TIMEOUT, (self.run)()).await {
            Ok(Ok(())) => None,
            Ok(Err(problem)) => Some(format!("{name}: {problem}")),
            Err(_) => Some(format!("{name}: no answer in time")),
        }
    }
}

/// State of the monitoring endpoints.
pub(crate) struct Health {
    checks: Vec<Check>,
    metrics: PrometheusHandle,
    is_draining: AtomicBool,
    latest: Mutex<Option<(Instant, Vec<String>)>>,
}

impl Health {
    pub fn new(checks: Vec<Check>, metrics: PrometheusHandle) -> Self {
        Self { checks, metrics, is_draining: AtomicBool::new(false), latest: Mutex::default() }
    }

    /// Makes the process not ready, so that load balancers use others.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Why the process is not ready; empty if it is.
    async fn problems(&self) -> Vec<String> {
        if self.is_draining.load(Ordering::Relaxed) {
            return vec!["draining: this process is shutting down".to_owned()];
        }
        let mut latest = self.latest.lock().await;
        match &*latest {
            Some((at, problems)) if at.elapsed() < CACHED_FOR => problems.clone(),
            _ => {
                let problems = self.check().await;
                *latest = Some((Instant::now(), problems.clone()));
                problems
            }
        }
    }

    async fn check(&self) -> Vec<String> {
        join_all(self.checks.iter().map(Check::problem)).await.into_iter().flatten().collect()
    }
}

/// The monitoring endpoints.
pub(crate) fn routes(health: Arc<Health>) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// 200 while the process runs.
async fn alive() -> &'static str {
    "ok\n"
}

/// 200 if requests can be served, otherwise 503 with all problems.
async fn ready(State(health): State<Arc<Health>>) -> Response {
    let problems = health.problems().await;
    let is_ready = problems.is_empty();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": is_ready, "problems": problems }))).into_response()
}

/// Headers that show that a proxy forwarded the request.
const PROXY_HEADERS: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// Metrics for Prometheus. They are internal, so requests from other machines, or through a proxy
/// on this one, get 404.
async fn metrics(
    State(health): State<Arc<Health>>,
    peer: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
) -> Response {
    let is_local =
        peer.is_some_and(|Extension(PeerAddress(peer))| peer.ip().to_canonical().is_loopback());
    if !is_local || PROXY_HEADERS.iter().any(|name| headers.contains_key(*name)) {
        return Failure::no_such_page().into_response();
    }
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (content_type, health.metrics.render()).into_response()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::body::Body;
    use axum::http::Request;
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt;

    use super::*;

    async fn status(peer: &str, header: Option<&'static str>) -> StatusCode {
        let peer: SocketAddr = peer.parse().expect("an address");
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let routes = routes(Arc::new(Health::new(Vec::new(), metrics)));
        let request = Request::get("/metrics").extension(PeerAddress(peer));
        let request = header.into_iter().fold(request, |it, name| it.header(name, "192.0.2.7"));
        let request = request.body(Body::empty()).expect("a request");
        routes.oneshot(request).await.expect("an answer").status()
    }

    #[tokio::test]
    async fn metrics_are_shown_to_local_requests() {
        for peer in ["127.0.0.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!(status(peer, None).await, 200, "{peer}");
        }
    }

    #[tokio::test]
    async fn metrics_are_hidden_from_remote_and_proxied_requests() {
        for peer in ["192.0.2.7:80", "10.0.0.1:80", "[2001:db8::1]:80", "[::ffff:10.0.0.1]:80"] {
            assert_eq!(status(peer, None).await, 404, "{peer}");
        }
        for header in PROXY_HEADERS {
            assert_eq!(status("127.0.0.1:80", Some(header)).await, 404, "{header}");
        }
    }
}
