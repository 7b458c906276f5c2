//! The way in by a link.
//!
//! The key stands in the path and not behind a question mark, where browsers' and proxies' habits
//! spread it further; the answer leads at once to the board's own address, so it stays in no address
//! bar, no history and no `Referer`; and logs name routes, never addresses.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use sockbit_domain::{BoardId, Command};

use super::boards::Answer;
use super::caller::Caller;
use super::fields::Named;
use super::render::see;
use crate::app::App;

/// Makes whoever opens the link a member and shows them the board. Opening it again changes nothing.
pub(super) async fn join(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((board, key)): Named<(BoardId, String)>,
) -> Answer {
    app.send_with_key(&me, board, &Command::JoinBoard {}, Some(key)).await??;
    let mut response = see(&format!("/boards/{board}"));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}
