//! A board: its notes, a sheet for the next one, its trash.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use sockbit_domain::{BoardId, Limits, Note, NoteId, NoteState, Position, Timestamp};

use super::boards::{Answer, Board};
use super::caller::Caller;
use super::fields::{Asked, Named};
use super::render::heavy_page;
use super::turns::Turn;
use super::views::{
    BoardPage, BoardView, ComposerView, DraftView, Frame, NoteView, NoticeView, TrashedView, label,
};
use crate::app::App;

/// What may be asked of the page; each names a note.
#[derive(Default, Deserialize)]
pub(super) struct Wanted {
    edit: Option<String>,
    colour: Option<String>,
    trashed: Option<String>,
}

/// What a page says besides the board.
#[derive(Default)]
pub(super) struct Additions {
    /// The note whose text is open.
    pub editing: Option<Editing>,
    /// The note whose colours are open.
    pub colouring: Option<NoteId>,
    pub notice: Option<NoticeView>,
    pub composer: ComposerView,
    /// Words that were not saved, and the note that they were for.
    pub draft: Option<(NoteId, DraftView)>,
    pub new_link: Option<String>,
    /// A title that was typed and refused.
    pub title: Option<String>,
}

/// A text that somebody is changing, and the position that they change it at.
pub(super) struct Editing {
    pub note: NoteId,
    pub text: String,
    pub base: Position,
}

/// The page as it is.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    me: Caller,
    Named(id): Named<BoardId>,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let (mut board, turn) = app.board(&me, id).await?;
    let named = |text: Option<String>| text.and_then(|text| text.parse::<NoteId>().ok());
    let mut additions = Additions { colouring: named(wanted.colour), ..Additions::default() };
    if let Some(note) = named(wanted.trashed).and_then(|id| find(&board, id)) {
        additions.notice = trashed_notice(id, note);
    }
    if let Some(note) = named(wanted.edit).filter(|note| find(&board, *note).is_some()) {
        additions.editing = Some(open(&app, &me, &mut board, note).await?);
    }
    Ok(render(&app, &me, (board, turn), additions, StatusCode::OK).await)
}

/// The board anew, with what is to be said after a post that was refused.
pub(super) async fn show_with(
    app: &App,
    me: &Caller,
    board: BoardId,
    additions: Additions,
    status: StatusCode,
) -> Answer {
    let (board, turn) = app.board(me, board).await?;
    Ok(render(app, me, (board, turn), additions, status).await)
}

fn find(board: &Board, id: NoteId) -> Option<&Note> {
    board.notes.iter().find(|note| note.id == id)
}

/// Reads the note again, for the position at which its text is the base of an edit: the board was
/// read in parts, and may have changed in between.
async fn open(
    app: &App,
    me: &Caller,
    board: &mut Board,
    note: NoteId,
) -> Result<Editing, super::Failure> {
    let page = app.note(me, board.id, note).await?;
    let editing = Editing { note, text: page.note.text.to_string(), base: page.position };
    for old in board.notes.iter_mut().filter(|it| it.id == note) {
        *old = page.note.clone();
    }
    Ok(editing)
}

fn trashed_notice(board: BoardId, note: &Note) -> Option<NoticeView> {
    (note.state == NoteState::Trashed).then(|| NoticeView {
        text: format!("“{}” is in the trash.", label(note)),
        undo: Some(format!("/boards/{board}/notes/{}/restore", note.id)),
    })
}

async fn render(
    app: &App,
    me: &Caller,
    (board, turn): (Board, Turn),
    additions: Additions,
    status: StatusCode,
) -> axum::response::Response {
    let frame = Frame::new(&me.identity, format!("/boards/{}", board.id));
    let (limits, now) = (app.limits.clone(), app.clock.now());
    heavy_page(turn, status, move || view(&board, frame, additions, &limits, now)).await
}

fn view(
    board: &Board,
    frame: Frame,
    additions: Additions,
    limits: &Limits,
    now: Timestamp,
) -> BoardPage {
    let Additions { editing, colouring, notice, composer, draft, new_link, title } = additions;
    let position = editing.as_ref().map_or(board.position, |editing| editing.base);
    let mut page = BoardPage {
        frame: Frame { notice, ..frame },
        board: BoardView::new(board.id, &board.title, position, limits),
        notes: notes(board, now),
        trash: trash(board, now),
        blank: NoteView::blank(),
        blank_trashed: TrashedView::blank(),
        blank_draft: DraftView::blank(),
        composer,
        drafts: Vec::new(),
        new_link,
    };
    page.board.full = u32::try_from(board.notes.len()).is_ok_and(|count| count >= limits.notes_max);
    if let Some(title) = title {
        page.board.title = title;
    }
    if let Some(note) = colouring.and_then(|id| page.note(id)) {
        note.colouring = true;
    }
    if let Some(Editing { note, text, base }) = editing
        && let Some(note) = page.note(note)
    {
        note.open(text, base.seq);
    }
    if let Some((id, draft)) = draft {
        page.keep(id, draft);
    }
    page
}

impl BoardPage {
    fn note(&mut self, id: NoteId) -> Option<&mut NoteView> {
        let id = id.to_string();
        self.notes.iter_mut().find(|note| note.id == id)
    }

    /// Shows a draft at its note, or above all notes where that is no longer on the board.
    fn keep(&mut self, id: NoteId, draft: DraftView) {
        match self.note(id) {
            Some(note) => note.draft = Some(draft),
            None => self.drafts.push(draft),
        }
    }
}

fn notes(board: &Board, now: Timestamp) -> Vec<NoteView> {
    let mut notes: Vec<NoteView> = board.live().map(|note| NoteView::new(note, now)).collect();
    if let Some(first) = notes.first_mut() {
        first.first = true;
    }
    if let Some(last) = notes.last_mut() {
        last.last = true;
    }
    notes
}

/// What was put away last stands first.
fn trash(board: &Board, now: Timestamp) -> Vec<TrashedView> {
    let mut trashed: Vec<&Note> =
        board.notes.iter().filter(|note| note.state == NoteState::Trashed).collect();
    trashed.sort_by_key(|note| std::cmp::Reverse(note.seq));
    trashed.into_iter().map(|note| TrashedView::new(note, now)).collect()
}
