//! Middleware that records each request: a span, a log line and metrics.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;

use sockbit_application::ports::Ids;

/// Records the route but not the path, which may contain a link key.
pub(crate) async fn record_request(
    State(ids): State<Arc<dyn Ids>>,
    request: Request,
    next: Next,
) -> Response {
    let method = method_name(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(none)".to_owned(), |path| path.as_str().to_owned());
    let trace = ids.mint().simple().to_string();
    let span = tracing::info_span!("request", trace, method, route);
    async move {
        let started_at = Instant::now();
        let response = next.run(request).await;
        record(method, route, response.status(), started_at.elapsed());
        response
    }
    .instrument(span)
    .await
}

fn record(method: &'static str, route: String, status: StatusCode, took: Duration) {
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    if status.is_server_error() {
        tracing::warn!(status = status.as_u16(), ms, "request finished");
    } else {
        tracing::debug!(status = status.as_u16(), ms, "request finished");
    }
    let labels =
        [("method", method.to_owned()), ("route", route), ("status", status.as_str().to_owned())];
    metrics::counter!("sockbit_http_requests_total", &labels).increment(1);
    metrics::histogram!("sockbit_http_seconds", &labels[..2]).record(took);
}

/// Clients may send any method, and each value of a label makes a new time series.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
