//! Forms about one note. A rejected text is shown again, so that the user does not lose it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde::Deserialize;
use sockbit_domain::{
    BoardId, Colour, Command, EventId, NoteId, Position, Rank, Rejection, RejectionCode, Seq, Text,
    TextChange,
};

use super::board_page::{Additions, show_rejection, show_with};
use super::commands_and_queries::PageResult;
use super::note_page;
use super::rank_after_move::{Direction, rank_after_move};
use super::responses::see_other;
use super::view_models::{ComposerView, DraftView, NoticeView, OpenEditor};
use crate::app_state::AppState;
use crate::extractors::{Caller, FormFields, PathParams};
use crate::rejections::{reason, status};

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/boards/{board}/notes", post(create))
        .route("/boards/{board}/notes/{note}/edit", post(edit))
        .route("/boards/{board}/notes/{note}/recolour", post(recolour))
        .route("/boards/{board}/notes/{note}/move", post(move_by_one))
        .route("/boards/{board}/notes/{note}/trash", post(trash))
        .route("/boards/{board}/notes/{note}/restore", post(restore))
        .route("/boards/{board}/notes/{note}/delete", post(delete))
}

/// The page that the form was on, to return to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Back {
    Note,
    #[default]
    #[serde(other)]
    Board,
}

impl Back {
    fn path(self, board: BoardId, note: NoteId) -> String {
        match self {
            Self::Board => format!("/boards/{board}#note-{note}"),
            Self::Note => format!("/boards/{board}/notes/{note}"),
        }
    }
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
    #[serde(default)]
    colour: Colour,
}

/// Creates a note at the beginning of the board, where the composer is.
async fn create(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams(board): PathParams<BoardId>,
    FormFields(NewNote { text, colour }): FormFields<NewNote>,
) -> PageResult {
    let rank = {
        let (board, _permit) = app.load_board(&me, board).await?;
        let first = board.live().next().map(|note| note.rank.clone());
        Rank::between(None, first.as_ref())
    };
    let note = NoteId(app.ids.mint());
    let created = match rank {
        Ok(rank) => {
            let text = Text::normalise(&text);
            app.send(&me, board, &Command::CreateNote { note, text, colour, rank }).await?
        }
        Err(error) => Err(Rejection::new(RejectionCode::Malformed, error.to_string())),
    };
    match created {
        Ok(()) => Ok(see_other(&Back::Board.path(board, note))),
        Err(rejection) => {
            let problem = Some(format!("Not saved. {}", reason(&rejection, &app.limits)));
            let composer = ComposerView { text, colour: colour.as_str().to_owned(), problem };
            let additions = Additions { composer, ..Additions::default() };
            show_with(&app, &me, board, additions, status(rejection.code)).await
        }
    }
}

#[derive(Deserialize)]
struct NewText {
    text: String,
    base_seq: Seq,
    base_event: EventId,
    #[serde(default)]
    back: Back,
}

/// Saves a text, merged with edits since its base.
async fn edit(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams((board, note)): PathParams<(BoardId, NoteId)>,
    FormFields(NewText { text, base_seq, base_event, back }): FormFields<NewText>,
) -> PageResult {
    let base = Position { seq: base_seq, event: base_event };
    let change = TextChange::Whole(Text::normalise(&text));
    match app.send(&me, board, &Command::EditNote { note, base, change }).await? {
        Ok(()) => Ok(see_other(&back.path(board, note))),
        Err(rejection) => {
            let typed = OpenEditor { note, text, base };
            show_unsaved_text(&app, &me, board, typed, back, rejection).await
        }
    }
}

async fn show_unsaved_text(
    app: &AppState,
    me: &Caller,
    board: BoardId,
    typed: OpenEditor,
    back: Back,
    rejection: Rejection,
) -> PageResult {
    match rejection.code {
        RejectionCode::NotFound => Err(rejection.into()),
        RejectionCode::TextTooLong | RejectionCode::BoardTextFull => {
            reopen_editor(app, me, board, typed, back, &rejection).await
        }
        _ => keep_as_draft(app, me, board, typed, &rejection).await,
    }
}

/// Shows the editor with the rejected text and its old base, so that the next attempt is merged in
/// the same way.
async fn reopen_editor(
    app: &AppState,
    me: &Caller,
    board: BoardId,
    typed: OpenEditor,
    back: Back,
    rejection: &Rejection,
) -> PageResult {
    let reason = reason(rejection, &app.limits);
    let notice = format!("Not saved. {reason} Your text is still in the editor.");
    let notice = Some(NoticeView::new(notice));
    let status = status(rejection.code);
    match back {
        Back::Board => {
            let additions = Additions { editor: Some(typed), notice, ..Additions::default() };
            show_with(app, me, board, additions, status).await
        }
        Back::Note => note_page::show_with(app, me, board, typed, notice, status).await,
    }
}

async fn keep_as_draft(
    app: &AppState,
    me: &Caller,
    board: BoardId,
    typed: OpenEditor,
    rejection: &Rejection,
) -> PageResult {
    let reason = reason(rejection, &app.limits);
    let reason = format!("{reason} Your text was not saved. Here it is:");
    let colour = Colour::default().as_str().to_owned();
    let draft = DraftView { reason, text: typed.text, colour };
    let additions = Additions { draft: Some((typed.note, draft)), ..Additions::default() };
    show_with(app, me, board, additions, status(rejection.code)).await
}

#[derive(Deserialize)]
struct NewColour {
    colour: Colour,
    #[serde(default)]
    back: Back,
}

async fn recolour(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams((board, note)): PathParams<(BoardId, NoteId)>,
    FormFields(NewColour { colour, back }): FormFields<NewColour>,
) -> PageResult {
    let command = Command::RecolourNote { note, colour };
    send_and_redirect(&app, &me, board, &command, &back.path(board, note)).await
}

#[derive(Deserialize)]
struct Move {
    direction: Direction,
}

async fn move_by_one(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams((id, note)): PathParams<(BoardId, NoteId)>,
    FormFields(Move { direction }): FormFields<Move>,
) -> PageResult {
    let rank = {
        let (board, _permit) = app.load_board(&me, id).await?;
        let live: Vec<_> = board.live().collect();
        rank_after_move(live.iter().copied(), note, direction)
    };
    let path = Back::Board.path(id, note);
    match rank {
        Ok(None) => Ok(see_other(&path)),
        Ok(Some(rank)) => {
            send_and_redirect(&app, &me, id, &Command::MoveNote { note, rank }, &path).await
        }
        Err(error) => {
            let rejection = Rejection::new(RejectionCode::Malformed, error.to_string());
            show_rejection(&app, &me, id, &rejection).await
        }
    }
}

#[derive(Deserialize)]
struct OnlyBack {
    #[serde(default)]
    back: Back,
}

/// Moves a note to the trash. The board then offers to undo it.
async fn trash(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams((board, note)): PathParams<(BoardId, NoteId)>,
    FormFields(OnlyBack { back }): FormFields<OnlyBack>,
) -> PageResult {
    let path = match back {
        Back::Board => format!("/boards/{board}?trashed={note}"),
        Back::Note => back.path(board, note),
    };
    send_and_redirect(&app, &me, board, &Command::TrashNote { note }, &path).await
}

/// Restores a note from the trash.
async fn restore(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams((board, note)): PathParams<(BoardId, NoteId)>,
    FormFields(OnlyBack { back }): FormFields<OnlyBack>,
) -> PageResult {
    let command = Command::RestoreNote { note };
    send_and_redirect(&app, &me, board, &command, &back.path(board, note)).await
}

#[derive(Deserialize)]
struct Confirmation {
    #[serde(default)]
    confirm: String,
}

/// Deletes a note in the trash for good. The form has a checkbox to confirm.
async fn delete(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams((board, note)): PathParams<(BoardId, NoteId)>,
    FormFields(Confirmation { confirm }): FormFields<Confirmation>,
) -> PageResult {
    if confirm != "yes" {
        let notice = Some(NoticeView::new("Not deleted. Tick the box first."));
        let additions = Additions { notice, ..Additions::default() };
        return show_with(&app, &me, board, additions, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let path = format!("/boards/{board}#trash");
    send_and_redirect(&app, &me, board, &Command::DeleteNote { note }, &path).await
}

/// Sends a command. Redirects to `path`, or shows the board with the reason of the rejection.
async fn send_and_redirect(
    app: &AppState,
    me: &Caller,
    board: BoardId,
    command: &Command,
    path: &str,
) -> PageResult {
    match app.send(me, board, command).await? {
        Ok(()) => Ok(see_other(path)),
        Err(rejection) => show_rejection(app, me, board, &rejection).await,
    }
}
