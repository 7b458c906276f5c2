//! Your boards, and the way to a new one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sockbit_domain::wire::{Query, Reply};
use sockbit_domain::{BoardId, Command};

use super::Failure;
use super::boards::Answer;
use super::caller::Caller;
use super::errors::{status, told};
use super::fields::Fields;
use super::render::{page, see};
use super::views::{BoardRow, Frame, HomePage};
use crate::app::App;

#[derive(Deserialize)]
pub(super) struct NewBoard {
    title: String,
}

/// The page as it is.
pub(super) async fn show(State(app): State<Arc<App>>, me: Caller) -> Answer {
    let view = home(&app, &me, String::new(), None).await?;
    Ok(page(StatusCode::OK, &view))
}

/// Begins a board and goes there; where that is rejected, says so beside what was typed.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    me: Caller,
    Fields(NewBoard { title }): Fields<NewBoard>,
) -> Answer {
    let board = BoardId(app.ids.mint());
    match app.send(&me, board, &Command::CreateBoard { title: title.clone() }).await? {
        Ok(()) => Ok(see(&format!("/boards/{board}"))),
        Err(rejection) => {
            let view = home(&app, &me, title, Some(told(&rejection, &app.limits))).await?;
            Ok(page(status(rejection.code), &view))
        }
    }
}

async fn home(
    app: &App,
    me: &Caller,
    title: String,
    problem: Option<String>,
) -> Result<HomePage, Failure> {
    let Reply::MyBoards { boards, .. } = app.query(me, Query::MyBoards {}).await? else {
        return Err(Failure::internal());
    };
    let now = app.clock.now();
    let boards = boards.iter().map(|summary| BoardRow::new(summary, now)).collect();
    let frame = Frame::new(&me.identity, "/".to_owned());
    let title_bytes_max = app.limits.title_bytes_max;
    Ok(HomePage { frame, boards, title, title_bytes_max, problem })
}
