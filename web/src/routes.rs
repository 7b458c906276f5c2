//! Which request goes where, and what it meets on its way.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use sockbit_application::ports::Ids;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::http::compress::compressed;
use crate::http::health::Health;
use crate::http::{address, api, assets, deadline, headers, health, observe, origin, rate, socket};
use crate::identity::identify;
use crate::pages::{self, Failure, explain};

/// The whole site. Layers are listed from the innermost to the outermost.
pub(crate) fn routes(app: &Arc<App>, health: Arc<Health>) -> Router {
    let for_people = pages::routes()
        .route("/ws", get(socket::socket))
        .route("/api/commands", post(api::command))
        .method_not_allowed_fallback(async || Failure::wrong_method())
        .layer(DefaultBodyLimit::max(app.body_bytes_max))
        .layer(from_fn_with_state(Arc::clone(app), identify))
        .layer(from_fn_with_state(Arc::clone(app), origin::same_origin))
        .layer(from_fn_with_state(Arc::clone(app), rate::paced))
        .layer(from_fn_with_state(Arc::clone(app), address::locate))
        .with_state(Arc::clone(app));
    let assets = Router::new().route("/assets/{*path}", get(assets::asset));
    protected(for_people.merge(assets), Arc::clone(&app.ids), health)
}

/// What a process without pages shows.
pub(crate) fn machine_routes(ids: Arc<dyn Ids>, health: Arc<Health>) -> Router {
    protected(Router::new(), ids, health)
}

/// What every answer goes through, whatever the role of the process.
fn protected(router: Router, ids: Arc<dyn Ids>, health: Arc<Health>) -> Router {
    router
        .merge(health::routes(health))
        .method_not_allowed_fallback(async || Failure::wrong_method())
        .fallback(async || Failure::no_such_page())
        .layer(from_fn(deadline::in_time))
        .layer(CatchPanicLayer::custom(|_| Failure::internal().into_response()))
        .layer(from_fn(explain))
        .layer(from_fn(headers::protect))
        .layer(compressed())
        .layer(from_fn_with_state(ids, observe::observe))
}
