//! The router: all routes, and the middleware layers around them.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use sockbit_application::ports::Ids;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app_state::AppState;
use crate::failure::Failure;
use crate::http::health::{self, Health};
use crate::http::{
    assets, client_address, command_api, compression, rate_limit, request_telemetry,
    request_timeout, same_origin, security_headers, websocket_upgrade,
};
use crate::identity::add_identity;
use crate::pages;

/// Routes of a process that serves clients. Each layer wraps those above it.
pub(crate) fn app_routes(app: &Arc<AppState>, health: Arc<Health>) -> Router {
    let app_routes = pages::routes()
        .route("/ws", get(websocket_upgrade::connect))
        .route("/api/commands", post(command_api::command))
        .method_not_allowed_fallback(async || Failure::wrong_method())
        .layer(DefaultBodyLimit::max(app.body_bytes_max))
        .layer(from_fn_with_state(Arc::clone(app), add_identity))
        .layer(from_fn_with_state(Arc::clone(app), same_origin::require_same_origin))
        .layer(from_fn_with_state(Arc::clone(app), rate_limit::limit_rate))
        .layer(from_fn_with_state(Arc::clone(app), client_address::add_client_address))
        .with_state(Arc::clone(app));
    let assets = Router::new().route("/assets/{*path}", get(assets::asset));
    with_common_layers(app_routes.merge(assets), Arc::clone(&app.ids), health)
}

/// Routes of a worker: health and metrics.
pub(crate) fn worker_routes(ids: Arc<dyn Ids>, health: Arc<Health>) -> Router {
    with_common_layers(Router::new(), ids, health)
}

/// Adds the routes and layers that all processes share.
fn with_common_layers(router: Router, ids: Arc<dyn Ids>, health: Arc<Health>) -> Router {
    router
        .merge(health::routes(health))
        .method_not_allowed_fallback(async || Failure::wrong_method())
        .fallback(async || Failure::no_such_page())
        .layer(from_fn(request_timeout::limit_time))
        .layer(CatchPanicLayer::custom(|_| Failure::internal().into_response()))
        .layer(from_fn(pages::render_failures))
        .layer(from_fn(security_headers::add_security_headers))
        .layer(compression::layer())
        .layer(from_fn_with_state(ids, request_telemetry::record_request))
}
