//! Middleware that limits the request rate of each client address.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app_state::AppState;
use crate::client_address::ClientAddress;
use crate::failure::Failure;

/// Answers 429 once the address has used up its requests.
pub(crate) async fn limit_rate(
    State(app): State<Arc<AppState>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    request: Request,
    next: Next,
) -> Response {
    if app.request_rate.allows(address) {
        next.run(request).await
    } else {
        Failure::too_many_requests().into_response()
    }
}
