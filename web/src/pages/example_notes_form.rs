//! The form that adds example notes to an empty board.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use sockbit_domain::{BoardId, Colour, Command, NoteId, Rank, Text};

use super::board_page::show_rejection;
use super::commands_and_queries::PageResult;
use super::responses::see_other;
use crate::app_state::AppState;
use crate::extractors::{Caller, PathParams};
use crate::failure::Failure;

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new().route("/boards/{board}/notes/examples", post(create_examples))
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
