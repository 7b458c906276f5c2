//! Which request goes where, and what it meets on its way.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::http::{address, api, assets, deadline, headers, health, observe, origin, rate, socket};
use crate::identity::identify;
use crate::pages::{self, Failure, explain};

/// The whole site. Layers are listed from the innermost to the outermost.
pub(crate) fn routes(app: Arc<App>) -> Router {
    let for_people = pages::routes()
        .route("/ws", get(socket::socket))
        .route("/api/commands", post(api::command))
        .method_not_allowed_fallback(async || Failure::wrong_method())
        .layer(DefaultBodyLimit::max(app.body_bytes_max))
        .layer(from_fn_with_state(Arc::clone(&app), identify))
        .layer(from_fn_with_state(Arc::clone(&app), origin::same_origin))
        .layer(from_fn_with_state(Arc::clone(&app), rate::paced))
        .layer(from_fn_with_state(Arc::clone(&app), address::locate));
    let for_machines = Router::new()
        .route("/assets/{*path}", get(assets::asset))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .method_not_allowed_fallback(async || Failure::wrong_method());
    for_people
        .merge(for_machines)
        .fallback(async || Failure::no_such_page())
        .layer(from_fn(deadline::in_time))
        .layer(CatchPanicLayer::custom(|_| Failure::internal().into_response()))
        .layer(from_fn(explain))
        .layer(from_fn(headers::protect))
        .layer(from_fn_with_state(Arc::clone(&app), observe::observe))
        .with_state(app)
}
