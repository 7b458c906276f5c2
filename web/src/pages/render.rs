//! From view structs to responses.

use std::sync::Arc;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::errors::Failure;
use crate::app::App;

/// A page that is cheap to render.
pub(super) fn page(status: StatusCode, view: &impl Template) -> Response {
    match view.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page with notes on it: a full board takes long enough to be in the way of others, so it is
/// rendered aside, and only few are at once.
pub(super) async fn heavy_page<T: Template>(
    app: &App,
    status: StatusCode,
    view: impl FnOnce() -> T + Send + 'static,
) -> Response {
    let turn = Arc::clone(&app.rendering).acquire_owned().await;
    let rendering = move || {
        // Whoever asked may give up meanwhile, but the work goes on, and so the turn does.
        let _turn = turn;
        page(status, &view())
    };
    match tokio::task::spawn_blocking(rendering).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Failure::internal().into_response()
        }
    }
}

/// To where the browser is sent after a post, so that reloading posts nothing again.
pub(super) fn see(path: &str) -> Response {
    Redirect::to(path).into_response()
}
