//! The form that creates a share link.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use sockbit_application::ports::Ids;
use sockbit_domain::{BoardId, Command, Role};

use super::board_page::{Additions, show_rejection, show_with};
use super::commands_and_queries::PageResult;
use crate::app_state::AppState;
use crate::extractors::{Caller, PathParams};
use crate::failure::Failure;
use crate::rejections::status;

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new().route("/boards/{board}/links", post(create_link))
}

/// Creates a share link and shows it once: the server stores only a hash of its key.
async fn create_link(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams(board): PathParams<BoardId>,
    headers: HeaderMap,
) -> PageResult {
    let origin = app.origin(&headers).ok_or_else(|| {
        Failure::unreadable(StatusCode::BAD_REQUEST, "it has no valid Host header")
    })?;
    let key = link_key(&*app.ids);
    let link = format!("{origin}/boards/{board}/join/{key}");
    let command = Command::AddLink { role: Role::Editor };
    let added = app.send_with_key(&me, board, &command, Some(key)).await?;
    let mut response = match (added, accepts_json(&headers)) {
        (Ok(()), true) => Json(json!({ "link": link })).into_response(),
        (Ok(()), false) => {
            let additions = Additions { new_link: Some(link), ..Additions::default() };
            show_with(&app, &me, board, additions, StatusCode::OK).await?
        }
        (Err(rejection), true) => (status(rejection.code), Json(rejection)).into_response(),
        (Err(rejection), false) => show_rejection(&app, &me, board, &rejection).await?,
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// 244 random bits in URL-safe Base64.
fn link_key(ids: &dyn Ids) -> String {
    let bytes = [ids.mint().into_bytes(), ids.mint().into_bytes()].concat();
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    accepted.is_some_and(|types| types.contains("application/json"))
}
