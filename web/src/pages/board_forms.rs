//! Forms about a board as a whole: rename, share link, example notes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;
use sockbit_application::ports::Ids;
use sockbit_domain::{BoardId, Colour, Command, NoteId, Rank, Role, Text};

use super::board_page::{Additions, show_rejection, show_with};
use super::commands_and_queries::PageResult;
use super::responses::see_other;
use super::view_models::NoticeView;
use crate::app_state::AppState;
use crate::extractors::{Caller, FormFields, PathParams};
use crate::failure::Failure;
use crate::rejections::{reason, status};

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/boards/{board}/rename", post(rename))
        .route("/boards/{board}/links", post(create_link))
        .route("/boards/{board}/notes/examples", post(create_examples))
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

/// Adds three example notes to an empty board.
async fn create_examples(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams(id): PathParams<BoardId>,
) -> PageResult {
    let is_empty = app.load_board(&me, id).await?.0.live().next().is_none();
    let examples = EXAMPLES.iter().filter(|_| is_empty);
    let mut last: Option<Rank> = None;
    for (colour, text) in examples {
        let rank = Rank::between(last.as_ref(), None).map_err(|_| Failure::internal())?;
        let command = Command::CreateNote {
            note: NoteId(app.ids.mint()),
            text: Text::normalise(text),
            colour: *colour,
            rank: rank.clone(),
        };
        if let Err(rejection) = app.send(&me, id, &command).await? {
            return show_rejection(&app, &me, id, &rejection).await;
        }
        last = Some(rank);
    }
    Ok(see_other(&format!("/boards/{id}")))
}

const EXAMPLES: [(Colour, &str); 3] = [
    (
        Colour::Yellow,
        "# Hello\n\nThis is a note. Click it or press **Enter** to edit. It saves when you leave \
         it, and everyone on this board sees the change at once.",
    ),
    (
        Colour::Teal,
        "## A list\n\n- [x] Make a board\n- [ ] Share its link\n- [ ] Write a note together\n",
    ),
    (
        Colour::Paper,
        "## How to format text\n\n*Italic*, **bold**, `code`, and \
         [links](https://commonmark.org/help/).\n\n> This is a quote.\n\nEvery change is kept in \
         the note's history.",
    ),
];
