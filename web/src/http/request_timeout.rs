//! Middleware that limits the time of a request.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::failure::Failure;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Answers 503 after ten seconds, including the time to receive the body.
pub(crate) async fn limit_time(request: Request, next: Next) -> Response {
    match timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::unavailable().into_response(),
    }
}
