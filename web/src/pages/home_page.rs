//! The home page: the caller's boards and the form for a new one.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use sockbit_domain::wire::{BoardSummary, Query, Reply};
use sockbit_domain::{BoardId, Command, Timestamp};

use super::commands_and_queries::PageResult;
use super::responses::{page, see_other};
use super::view_models::{Frame, PersonView, TimeView};
use crate::app_state::AppState;
use crate::extractors::{Caller, FormFields};
use crate::failure::Failure;
use crate::rejections::{reason, status};

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new().route("/", get(show)).route("/boards", post(create))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    boards: Vec<BoardRow>,
    title: String,
    title_bytes_max: usize,
    problem: Option<String>,
}

/// One of the caller's boards.
struct BoardRow {
    id: String,
    title: String,
    notes: u64,
    changed: TimeView,
    by: PersonView,
}

impl BoardRow {
    fn new(summary: &BoardSummary, now: Timestamp) -> Self {
        Self {
            id: summary.board.to_string(),
            title: summary.title.to_string(),
            notes: u64::from(summary.notes),
            changed: TimeView::new(summary.changed_at, now),
            by: PersonView::new(&summary.changed_by),
        }
    }
}

async fn show(State(app): State<Arc<AppState>>, me: Caller) -> PageResult {
    let view = home(&app, &me, String::new(), None).await?;
    Ok(page(StatusCode::OK, &view))
}

#[derive(Deserialize)]
struct NewBoard {
    title: String,
}

/// Creates a board and redirects to it. If that is rejected, the page shows the title and the
/// reason.
async fn create(
    State(app): State<Arc<AppState>>,
    me: Caller,
    FormFields(NewBoard { title }): FormFields<NewBoard>,
) -> PageResult {
    let board = BoardId(app.ids.mint());
    match app.send(&me, board, &Command::CreateBoard { title: title.clone() }).await? {
        Ok(()) => Ok(see_other(&format!("/boards/{board}"))),
        Err(rejection) => {
            let view = home(&app, &me, title, Some(reason(&rejection, &app.limits))).await?;
            Ok(page(status(rejection.code), &view))
        }
    }
}

async fn home(
    app: &AppState,
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
