//! Joining a board by its share link.
//!
//! The link key must not leak: it is in the path, since browsers and proxies spread query strings
//! further; joining redirects to the board's own address; the page sends no path as `Referer`; and
//! logs contain routes, never paths.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use sockbit_domain::{BoardId, Command};

use super::commands_and_queries::PageResult;
use super::responses::{page, see_other};
use crate::app_state::AppState;
use crate::extractors::{Caller, PathParams};

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new().route("/boards/{board}/join/{key}", get(show).post(join))
}

/// The same for every board and caller.
#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage;

/// Asks a caller who is no member whether to join. Chats and mail programs open links to preview
/// them, so opening one changes nothing. The page does not reveal the board, nor whether the key
/// is right.
async fn show(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams((board, _)): PathParams<(BoardId, String)>,
) -> PageResult {
    let response = if app.is_member(&me, board).await? {
        see_other(&format!("/boards/{board}"))
    } else {
        page(StatusCode::OK, &JoinPage)
    };
    Ok(without_caching(response))
}

/// Makes a caller with the key a member and redirects to the board. It is idempotent.
async fn join(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams((board, key)): PathParams<(BoardId, String)>,
) -> PageResult {
    app.send_with_key(&me, board, &Command::JoinBoard {}, Some(key)).await??;
    Ok(without_caching(see_other(&format!("/boards/{board}"))))
}

fn without_caching(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
