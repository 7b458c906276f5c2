//! No request is worked on for ever.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use crate::pages::Failure;

const WITHIN: Duration = Duration::from_secs(10);

/// Gives up on a request after ten seconds, its body included.
pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    match timeout(WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::unavailable().into_response(),
    }
}
