//! One note to read and to write, and how it came to be.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sockbit_domain::{BoardId, NoteId, NoteState, Seq};

use super::Failure;
use super::board::Editing;
use super::boards::Answer;
use super::caller::Caller;
use super::fields::{Asked, Named};
use super::history;
use super::render::heavy_page;
use super::views::{BoardView, DraftView, Frame, NotePage, NoteView, NoticeView};
use crate::app::App;

/// What may be asked of the page.
#[derive(Default, Deserialize)]
pub(super) struct Wanted {
    edit: Option<String>,
    colour: Option<String>,
    before: Option<u64>,
}

/// What the page says besides the note.
#[derive(Default)]
struct Additions {
    before: Option<Seq>,
    is_open: bool,
    is_colouring: bool,
    typed: Option<Editing>,
    notice: Option<NoticeView>,
}

/// The page as it is.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((board, note)): Named<(BoardId, NoteId)>,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let additions = Additions {
        before: wanted.before.map(Seq),
        is_open: wanted.edit.is_some(),
        is_colouring: wanted.colour.is_some(),
        ..Additions::default()
    };
    render(&app, &me, (board, note), additions, StatusCode::OK).await
}

/// The page anew, with a text that was refused still in its editor.
pub(super) async fn show_with(
    app: &App,
    me: &Caller,
    board: BoardId,
    typed: Editing,
    notice: Option<NoticeView>,
    status: StatusCode,
) -> Answer {
    let note = typed.note;
    let additions = Additions { is_open: true, typed: Some(typed), notice, ..Additions::default() };
    render(app, me, (board, note), additions, status).await
}

async fn render(
    app: &App,
    me: &Caller,
    (board, id): (BoardId, NoteId),
    additions: Additions,
    status: StatusCode,
) -> Answer {
    let turn = app.rendering.take(me.address.0).await;
    let history = app.note_history(me, board, id, additions.before).await?;
    let page = app.note(me, board, id).await?;
    let path = format!("/boards/{board}/notes/{id}");
    let older = history.earlier.map(|seq| format!("{path}?before={seq}#history"));
    let frame = Frame { notice: additions.notice, ..Frame::new(&me.identity, path) };
    let (limits, now) = (app.limits.clone(), app.clock.now());
    let view = move || {
        let trashed = page.note.state == NoteState::Trashed;
        let mut note = NoteView::new(&page.note, now);
        note.editing = additions.is_open && !trashed;
        note.colouring = additions.is_colouring && !trashed;
        let mut position = page.position;
        if let Some(typed) = additions.typed {
            position = typed.base;
            if trashed {
                note.keep(typed.text);
            } else {
                note.open(typed.text, typed.base.seq);
            }
        }
        NotePage {
            frame,
            board: BoardView::new(board, &page.title, position, &limits),
            note,
            trashed,
            blank_draft: DraftView::blank(),
            history: history::newest_first(history, now),
            older,
        }
    };
    Ok::<_, Failure>(heavy_page(turn, status, view).await)
}
