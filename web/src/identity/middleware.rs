//! Every page, post and socket has an identity before its handler runs.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use super::guest::guest;
use crate::app::App;

/// Puts an `Identity` beside the request; whoever brings none becomes a guest.
pub(crate) async fn identify(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let now = app.clock.now();
    let known = app.cookies.read(request.headers(), now);
    let (identity, is_to_be_set) = known.unwrap_or_else(|| (guest(&*app.ids), true));
    let cookie = if is_to_be_set { app.cookies.header(&identity, now) } else { None };
    request.extensions_mut().insert(identity);
    let mut response = next.run(request).await;
    // A handler that changed the identity has set the newer cookie.
    if let Some(cookie) = cookie {
        response.headers_mut().entry(header::SET_COOKIE).or_insert(cookie);
    }
    response
}
