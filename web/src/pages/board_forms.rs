//! What can be done with a board as a whole.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;
use sockbit_application::ports::Ids;
use sockbit_domain::{BoardId, Colour, Command, NoteId, Rank, Rejection, Role, Text};

use super::Failure;
use super::board::{Additions, show_with};
use super::boards::Answer;
use super::caller::Caller;
use super::errors::{status, told};
use super::fields::{Fields, Named};
use super::render::see;
use super::views::NoticeView;
use crate::app::App;

#[derive(Deserialize)]
pub(super) struct NewTitle {
    title: String,
}

/// Gives the board another title.
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    me: Caller,
    Named(board): Named<BoardId>,
    Fields(NewTitle { title }): Fields<NewTitle>,
) -> Answer {
    match app.send(&me, board, &Command::RenameBoard { title: title.clone() }).await? {
        Ok(()) => Ok(see(&format!("/boards/{board}"))),
        Err(rejection) => {
            let notice = format!("Not renamed. {}", told(&rejection, &app.limits));
            let notice = Some(NoticeView::new(notice));
            let additions = Additions { notice, title: Some(title), ..Additions::default() };
            show_with(&app, &me, board, additions, status(rejection.code)).await
        }
    }
}

/// Makes a link and shows it, this once: what is kept of its key is a hash.
pub(super) async fn link(
    State(app): State<Arc<App>>,
    me: Caller,
    Named(board): Named<BoardId>,
    headers: HeaderMap,
) -> Answer {
    let origin = app.origin(&headers).ok_or_else(|| {
        Failure::unreadable(
            StatusCode::BAD_REQUEST,
            "the request does not say to which host it goes",
        )
    })?;
    let key = link_key(&*app.ids);
    let link = format!("{origin}/boards/{board}/join/{key}");
    let command = Command::AddLink { role: Role::Editor };
    let added = app.send_with_key(&me, board, &command, Some(key)).await?;
    let mut response = match (added, wants_json(&headers)) {
        (Ok(()), true) => Json(json!({ "link": link })).into_response(),
        (Ok(()), false) => {
            let additions = Additions { new_link: Some(link), ..Additions::default() };
            show_with(&app, &me, board, additions, StatusCode::OK).await?
        }
        (Err(rejection), true) => (status(rejection.code), Json(rejection)).into_response(),
        (Err(rejection), false) => not_done(&app, &me, board, &rejection).await?,
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// 244 random bits, as a path can hold them.
fn link_key(ids: &dyn Ids) -> String {
    let bytes = [ids.mint().into_bytes(), ids.mint().into_bytes()].concat();
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains("application/json"))
}

/// Puts three notes to try on a board that has none yet.
pub(super) async fn examples(
    State(app): State<Arc<App>>,
    me: Caller,
    Named(id): Named<BoardId>,
) -> Answer {
    let is_empty = app.board(&me, id).await?.0.live().next().is_none();
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
            return not_done(&app, &me, id, &rejection).await;
        }
        last = Some(rank);
    }
    Ok(see(&format!("/boards/{id}")))
}

const EXAMPLES: [(Colour, &str); 3] = [
    (
        Colour::Yellow,
        "# Hello\n\nThis is a note. Click it, or press **Enter**, and write; leave it, and it is \
         saved.\n\nEverybody on this board sees it at once.",
    ),
    (
        Colour::Teal,
        "## A list\n\n- [x] Make a board\n- [ ] Share its link\n- [ ] Write in a note together\n",
    ),
    (
        Colour::Paper,
        "## How text looks\n\n*Emphasis*, **weight**, `code`, and [links](https://commonmark.org/help/).\n\n\
         > A quote stands apart.\n\nThe last change of each word is kept in the note's history.",
    ),
];

/// The board anew, with the reason why something was not done.
pub(super) async fn not_done(
    app: &App,
    me: &Caller,
    board: BoardId,
    rejection: &Rejection,
) -> Result<Response, Failure> {
    let notice = Some(NoticeView::new(format!("Not done. {}", told(rejection, &app.limits))));
    let additions = Additions { notice, ..Additions::default() };
    show_with(app, me, board, additions, status(rejection.code)).await
}
