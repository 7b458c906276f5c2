//! The way in by a link.
//!
//! The key stands in the path and not behind a question mark, where browsers' and proxies' habits
//! spread it further; joining leads at once to the board's own address; the page before it sends no
//! path as `Referer`; and logs name routes, never addresses.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use sockbit_domain::{BoardId, Command};

use super::boards::Answer;
use super::caller::Caller;
use super::fields::Named;
use super::render::{page, see};
use super::views::JoinPage;
use crate::app::App;

/// Asks whoever is no member yet to join. Chats and mail programs open links to preview them, so
/// opening one changes nothing; and it tells nothing of the board, nor if the key is right.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((board, _)): Named<(BoardId, String)>,
) -> Answer {
    let response = if app.is_member(&me, board).await? {
        see(&format!("/boards/{board}"))
    } else {
        page(StatusCode::OK, &JoinPage)
    };
    Ok(kept_by_nobody(response))
}

/// Makes whoever has the key a member and shows them the board. Doing it again changes nothing.
pub(super) async fn join(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((board, key)): Named<(BoardId, String)>,
) -> Answer {
    app.send_with_key(&me, board, &Command::JoinBoard {}, Some(key)).await??;
    Ok(kept_by_nobody(see(&format!("/boards/{board}"))))
}

fn kept_by_nobody(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
