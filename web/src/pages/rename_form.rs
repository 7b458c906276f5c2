//! The form that renames a board.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Deserialize;
use sockbit_domain::{BoardId, Command};

use super::board_page::{Additions, show_with};
use super::commands_and_queries::PageResult;
use super::responses::see_other;
use super::view_models::NoticeView;
use crate::app_state::AppState;
use crate::extractors::{Caller, FormFields, PathParams};
use crate::rejections::{reason, status};

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new().route("/boards/{board}/rename", post(rename))
}

#[derive(Deserialize)]
struct NewTitle {
    title: String,
}

async fn rename(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams(board): PathParams<BoardId>,
    FormFields(NewTitle { title }): FormFields<NewTitle>,
) -> PageResult {
    match app.send(&me, board, &Command::RenameBoard { title: title.clone() }).await? {
        Ok(()) => Ok(see_other(&format!("/boards/{board}"))),
        Err(rejection) => {
            let notice = format!("Not renamed. {}", reason(&rejection, &app.limits));
            let notice = Some(NoticeView::new(notice));
            let additions = Additions { notice, title: Some(title), ..Additions::default() };
            show_with(&app, &me, board, additions, status(rejection.code)).await
        }
    }
}
