//! The page of one note: the note, its editor and its history.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use sockbit_domain::{BoardId, Note, NoteId, NoteState, Seq};

use super::commands_and_queries::PageResult;
use super::responses::heavy_page;
use super::snapshot;
use super::view_models::{
    BoardHeaderView, DraftView, Frame, HistoryEntryView, NoteView, NoticeView, OpenEditor,
    history_views,
};
use crate::app_state::AppState;
use crate::extractors::{Caller, PathParams, QueryParams};

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new().route("/boards/{board}/notes/{note}", get(show))
}

#[derive(Template)]
#[template(path = "note.html")]
struct NotePage {
    frame: Frame,
    board: BoardHeaderView,
    /// The snapshot for the script: JSON that is safe in a `<script>` element.
    snapshot: String,
    note: NoteView,
    trashed: bool,
    blank_draft: DraftView,
    history: Vec<HistoryEntryView>,
    older: Option<String>,
}

/// Query parameters.
#[derive(Default, Deserialize)]
struct Params {
    edit: Option<String>,
    colour: Option<String>,
    before: Option<u64>,
}

/// What the page shows besides the note.
#[derive(Default)]
struct Additions {
    before: Option<Seq>,
    is_editor_open: bool,
    is_recolouring: bool,
    typed: Option<OpenEditor>,
    notice: Option<NoticeView>,
}

async fn show(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams((board, note)): PathParams<(BoardId, NoteId)>,
    QueryParams(params): QueryParams<Params>,
) -> PageResult {
    let additions = Additions {
        before: params.before.map(Seq),
        is_editor_open: params.edit.is_some(),
        is_recolouring: params.colour.is_some(),
        ..Additions::default()
    };
    render(&app, &me, (board, note), additions, StatusCode::OK).await
}

/// Shows the page with a rejected text in its editor.
pub(super) async fn show_with(
    app: &AppState,
    me: &Caller,
    board: BoardId,
    typed: OpenEditor,
    notice: Option<NoticeView>,
    status: StatusCode,
) -> PageResult {
    let note = typed.note;
    let additions =
        Additions { is_editor_open: true, typed: Some(typed), notice, ..Additions::default() };
    render(app, me, (board, note), additions, status).await
}

async fn render(
    app: &AppState,
    me: &Caller,
    (board, id): (BoardId, NoteId),
    additions: Additions,
    status: StatusCode,
) -> PageResult {
    let permit = app.rendering.acquire(me.address.0).await;
    let history = app.note_history(me, board, id, additions.before).await?;
    let page = app.note(me, board, id).await?;
    let path = format!("/boards/{board}/notes/{id}");
    let older = history.earlier.map(|seq| format!("{path}?before={seq}#history"));
    let frame = Frame { notice: additions.notice, ..Frame::new(&me.identity, path) };
    let (limits, now) = (app.limits.clone(), app.clock.now());
    let view = move || {
        let trashed = page.note.state == NoteState::Trashed;
        let mut note = NoteView::new(&page.note, now);
        note.editing = additions.is_editor_open && !trashed;
        note.colouring = additions.is_recolouring && !trashed;
        let mut position = page.position;
        if let Some(typed) = additions.typed {
            position = typed.base;
            if trashed {
                note.add_draft(typed.text);
            } else {
                note.open_editor(typed.text, typed.base.seq);
            }
        }
        let shows_text = |it: &Note| !trashed && note.text == it.text.as_str();
        let head = (board, &page.title, page.role);
        let snapshot = snapshot::encode(&[page.position], head, [&page.note], shows_text);
        NotePage {
            frame,
            board: BoardHeaderView::new(board, &page.title, position, &limits),
            snapshot,
            note,
            trashed,
            blank_draft: DraftView::blank(),
            history: history_views(history, now),
            older,
        }
    };
    Ok(heavy_page(permit, status, view).await)
}
