//! What can be done with one note. Whatever is refused comes back with what was typed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sockbit_domain::{
    BoardId, Colour, Command, EventId, NoteId, Position, Rank, Rejection, RejectionCode, Seq, Text,
    TextChange,
};

use super::Failure;
use super::board::{Additions, Editing, show_with};
use super::board_forms::not_done;
use super::boards::Answer;
use super::caller::Caller;
use super::errors::{status, told};
use super::fields::{Fields, Named};
use super::moves::{Direction, rank_beyond};
use super::render::see;
use super::views::{ComposerView, DraftView, NoticeView};
use crate::app::App;

#[derive(Deserialize)]
pub(super) struct NewNote {
    text: String,
    #[serde(default)]
    colour: Colour,
}

#[derive(Deserialize)]
pub(super) struct NewText {
    text: String,
    base_seq: Seq,
    base_event: EventId,
    #[serde(default)]
    back: Back,
}

#[derive(Deserialize)]
pub(super) struct NewColour {
    colour: Colour,
    #[serde(default)]
    back: Back,
}

#[derive(Deserialize)]
pub(super) struct NewPlace {
    direction: Direction,
}

#[derive(Deserialize)]
pub(super) struct Return {
    #[serde(default)]
    back: Back,
}

#[derive(Deserialize)]
pub(super) struct Confirmed {
    #[serde(default)]
    confirm: String,
}

/// The page that the form was on.
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

/// Puts a new note first on the board, where the blank sheet is.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    me: Caller,
    Named(board): Named<BoardId>,
    Fields(NewNote { text, colour }): Fields<NewNote>,
) -> Answer {
    let rank = {
        let (board, _turn) = app.board(&me, board).await?;
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
        Ok(()) => Ok(see(&Back::Board.path(board, note))),
        Err(rejection) => {
            let problem = Some(format!("Not saved. {}", told(&rejection, &app.limits)));
            let composer = ComposerView { text, colour: colour.as_str().to_owned(), problem };
            let additions = Additions { composer, ..Additions::default() };
            show_with(&app, &me, board, additions, status(rejection.code)).await
        }
    }
}

/// Saves a text, merged with whatever others wrote since it was opened.
pub(super) async fn edit(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((board, note)): Named<(BoardId, NoteId)>,
    Fields(NewText { text, base_seq, base_event, back }): Fields<NewText>,
) -> Answer {
    let base = Position { seq: base_seq, event: base_event };
    let change = TextChange::Whole(Text::normalise(&text));
    match app.send(&me, board, &Command::EditNote { note, base, change }).await? {
        Ok(()) => Ok(see(&back.path(board, note))),
        Err(rejection) => {
            not_saved(&app, &me, board, Editing { note, text, base }, back, rejection).await
        }
    }
}

async fn not_saved(
    app: &App,
    me: &Caller,
    board: BoardId,
    typed: Editing,
    back: Back,
    rejection: Rejection,
) -> Answer {
    match rejection.code {
        RejectionCode::NotFound => Err(rejection.into()),
        RejectionCode::TextTooLong | RejectionCode::BoardTextFull => {
            go_on_editing(app, me, board, typed, back, &rejection).await
        }
        _ => keep_as_draft(app, me, board, typed, &rejection).await,
    }
}

/// The editor as it was, on the base that the text was written on, so that the next try is merged
/// as this one would have been.
async fn go_on_editing(
    app: &App,
    me: &Caller,
    board: BoardId,
    typed: Editing,
    back: Back,
    rejection: &Rejection,
) -> Answer {
    let why = told(rejection, &app.limits);
    let said = format!("Not saved. {why} Your text is still in the editor.");
    let notice = Some(NoticeView::new(said));
    let status = status(rejection.code);
    match back {
        Back::Board => {
            let additions = Additions { editing: Some(typed), notice, ..Additions::default() };
            show_with(app, me, board, additions, status).await
        }
        Back::Note => super::note::show_with(app, me, board, typed, notice, status).await,
    }
}

async fn keep_as_draft(
    app: &App,
    me: &Caller,
    board: BoardId,
    typed: Editing,
    rejection: &Rejection,
) -> Answer {
    let why = told(rejection, &app.limits);
    let reason = format!("{why} Your words were not saved; here they are.");
    let colour = Colour::default().as_str().to_owned();
    let draft = DraftView { reason, text: typed.text, colour };
    let additions = Additions { draft: Some((typed.note, draft)), ..Additions::default() };
    show_with(app, me, board, additions, status(rejection.code)).await
}

/// Gives a note another colour.
pub(super) async fn recolour(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((board, note)): Named<(BoardId, NoteId)>,
    Fields(NewColour { colour, back }): Fields<NewColour>,
) -> Answer {
    let command = Command::RecolourNote { note, colour };
    done(&app, &me, board, &command, &back.path(board, note)).await
}

/// Moves a note by one place.
pub(super) async fn relocate(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((id, note)): Named<(BoardId, NoteId)>,
    Fields(NewPlace { direction }): Fields<NewPlace>,
) -> Answer {
    let rank = {
        let (board, _turn) = app.board(&me, id).await?;
        let live: Vec<_> = board.live().collect();
        rank_beyond(live.iter().copied(), note, direction)
    };
    let path = Back::Board.path(id, note);
    match rank {
        Ok(None) => Ok(see(&path)),
        Ok(Some(rank)) => done(&app, &me, id, &Command::MoveNote { note, rank }, &path).await,
        Err(error) => {
            let rejection = Rejection::new(RejectionCode::Malformed, error.to_string());
            not_done(&app, &me, id, &rejection).await
        }
    }
}

/// Puts a note into the trash; the board then offers to take it back.
pub(super) async fn trash(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((board, note)): Named<(BoardId, NoteId)>,
    Fields(Return { back }): Fields<Return>,
) -> Answer {
    let path = match back {
        Back::Board => format!("/boards/{board}?trashed={note}"),
        Back::Note => back.path(board, note),
    };
    done(&app, &me, board, &Command::TrashNote { note }, &path).await
}

/// Takes a note out of the trash.
pub(super) async fn restore(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((board, note)): Named<(BoardId, NoteId)>,
    Fields(Return { back }): Fields<Return>,
) -> Answer {
    done(&app, &me, board, &Command::RestoreNote { note }, &back.path(board, note)).await
}

/// Deletes a note in the trash for good, which has to be confirmed.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    me: Caller,
    Named((board, note)): Named<(BoardId, NoteId)>,
    Fields(Confirmed { confirm }): Fields<Confirmed>,
) -> Answer {
    if confirm != "yes" {
        let notice = Some(NoticeView::new("Nothing was deleted: tick the box first."));
        let additions = Additions { notice, ..Additions::default() };
        return show_with(&app, &me, board, additions, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let path = format!("/boards/{board}#trash");
    done(&app, &me, board, &Command::DeleteNote { note }, &path).await
}

/// Sends a command; shows the page at `path` where it was carried out, and otherwise says why not.
async fn done(
    app: &App,
    me: &Caller,
    board: BoardId,
    command: &Command,
    path: &str,
) -> Result<axum::response::Response, Failure> {
    match app.send(me, board, command).await? {
        Ok(()) => Ok(see(path)),
        Err(rejection) => not_done(app, me, board, &rejection).await,
    }
}
