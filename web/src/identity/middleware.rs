//! Middleware that attaches an identity to each request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use super::guest::new_guest;
use crate::app_state::AppState;

/// Adds the `Identity` from the cookie to the request's extensions. A client without a valid cookie
/// becomes a new guest.
pub(crate) async fn add_identity(
    State(app): State<Arc<AppState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let now = app.clock.now();
    let known = app.cookies.read(request.headers(), now);
    let (identity, needs_cookie) = known.unwrap_or_else(|| (new_guest(&*app.ids), true));
    let cookie = if needs_cookie { app.cookies.header(&identity, now) } else { None };
    request.extensions_mut().insert(identity);
    let mut response = next.run(request).await;
    // A handler that changed the identity has set a newer cookie.
    if let Some(cookie) = cookie {
        response.headers_mut().entry(header::SET_COOKIE).or_insert(cookie);
    }
    response
}
