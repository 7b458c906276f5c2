//! The page of a board: its notes, the composer and the trash.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use sockbit_domain::{BoardId, Limits, Note, NoteId, NoteState, Rejection, Timestamp};

use super::commands_and_queries::{LoadedBoard, PageResult};
use super::responses::heavy_page;
use super::snapshot;
use super::view_models::{
    BoardHeaderView, ComposerView, DraftView, Frame, NoteView, NoticeView, OpenEditor, TrashedView,
    note_label,
};
use crate::app_state::AppState;
use crate::extractors::{Caller, PathParams, QueryParams};
use crate::failure::Failure;
use crate::limits::ConcurrencyPermit;
use crate::rejections::{reason, status};

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new().route("/boards/{board}", get(show))
}

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    frame: Frame,
    board: BoardHeaderView,
    /// The snapshot for the script: JSON that is safe in a `<script>` element.
    snapshot: String,
    notes: Vec<NoteView>,
    trash: Vec<TrashedView>,
    blank: NoteView,
    blank_trashed: TrashedView,
    blank_draft: DraftView,
    composer: ComposerView,
    drafts: Vec<DraftView>,
    new_link: Option<String>,
}

/// Query parameters; each is a note id.
#[derive(Default, Deserialize)]
struct Params {
    edit: Option<String>,
    colour: Option<String>,
    trashed: Option<String>,
}

/// What the page shows besides the board.
#[derive(Default)]
pub(super) struct Additions {
    /// The note whose editor is open.
    pub editor: Option<OpenEditor>,
    /// The note whose colour picker is open.
    pub recolouring: Option<NoteId>,
    pub notice: Option<NoticeView>,
    pub composer: ComposerView,
    /// A rejected text and its note.
    pub draft: Option<(NoteId, DraftView)>,
    pub new_link: Option<String>,
    /// A rejected title.
    pub title: Option<String>,
}

async fn show(
    State(app): State<Arc<AppState>>,
    me: Caller,
    PathParams(id): PathParams<BoardId>,
    QueryParams(params): QueryParams<Params>,
) -> PageResult {
    let (mut board, permit) = app.load_board(&me, id).await?;
    let parse = |text: Option<String>| text.and_then(|text| text.parse::<NoteId>().ok());
    let mut additions = Additions { recolouring: parse(params.colour), ..Additions::default() };
    if let Some(note) = parse(params.trashed).and_then(|id| find(&board, id)) {
        additions.notice = trashed_notice(id, note);
    }
    if let Some(note) = parse(params.edit).filter(|note| find(&board, *note).is_some()) {
        additions.editor = Some(open_editor(&app, &me, &mut board, note).await?);
    }
    Ok(render(&app, &me, (board, permit), additions, StatusCode::OK).await)
}

/// Shows the board after a form was rejected.
pub(super) async fn show_with(
    app: &AppState,
    me: &Caller,
    board: BoardId,
    additions: Additions,
    status: StatusCode,
) -> PageResult {
    let (board, permit) = app.load_board(me, board).await?;
    Ok(render(app, me, (board, permit), additions, status).await)
}

/// Shows the board with the reason of a rejection as a notice.
pub(super) async fn show_rejection(
    app: &AppState,
    me: &Caller,
    board: BoardId,
    rejection: &Rejection,
) -> PageResult {
    let notice = format!("That did not work. {}", reason(rejection, &app.limits));
    let additions = Additions { notice: Some(NoticeView::new(notice)), ..Additions::default() };
    show_with(app, me, board, additions, status(rejection.code)).await
}

fn find(board: &LoadedBoard, id: NoteId) -> Option<&Note> {
    board.notes.iter().find(|note| note.id == id)
}

/// Queries the note again, for the position at which its text is the base of an edit. The board was
/// loaded in pages and may have changed meanwhile.
async fn open_editor(
    app: &AppState,
    me: &Caller,
    board: &mut LoadedBoard,
    note: NoteId,
) -> Result<OpenEditor, Failure> {
    let page = app.note(me, board.id, note).await?;
    let editor = OpenEditor { note, text: page.note.text.to_string(), base: page.position };
    board.read_at.push(page.position);
    for old in board.notes.iter_mut().filter(|it| it.id == note) {
        *old = page.note.clone();
    }
    Ok(editor)
}

fn trashed_notice(board: BoardId, note: &Note) -> Option<NoticeView> {
    (note.state == NoteState::Trashed).then(|| NoticeView {
        text: format!("“{}” is in the trash.", note_label(note)),
        undo: Some(format!("/boards/{board}/notes/{}/restore", note.id)),
    })
}

async fn render(
    app: &AppState,
    me: &Caller,
    (board, permit): (LoadedBoard, ConcurrencyPermit),
    additions: Additions,
    status: StatusCode,
) -> Response {
    let frame = Frame::new(&me.identity, format!("/boards/{}", board.id));
    let (limits, now) = (app.limits.clone(), app.clock.now());
    heavy_page(permit, status, move || view(&board, frame, additions, &limits, now)).await
}

fn view(
    board: &LoadedBoard,
    frame: Frame,
    additions: Additions,
    limits: &Limits,
    now: Timestamp,
) -> BoardPage {
    let Additions { editor, recolouring, notice, composer, draft, new_link, title } = additions;
    let position = editor.as_ref().map_or(board.position, |editor| editor.base);
    let shows_text = |note: &Note| match &editor {
        Some(editor) => note.id != editor.note || note.text.as_str() == editor.text,
        None => true,
    };
    let head = (board.id, &board.title, board.role);
    let snapshot = snapshot::encode(&board.read_at, head, &board.notes, shows_text);
    let mut page = BoardPage {
        frame: Frame { notice, ..frame },
        board: BoardHeaderView::new(board.id, &board.title, position, limits),
        snapshot,
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
    if let Some(note) = recolouring.and_then(|id| page.note(id)) {
        note.colouring = true;
    }
    if let Some(OpenEditor { note, text, base }) = editor
        && let Some(note) = page.note(note)
    {
        note.open_editor(text, base.seq);
    }
    if let Some((id, draft)) = draft {
        page.add_draft(id, draft);
    }
    page
}

impl BoardPage {
    /// Whether the editor of a note is open.
    fn is_editing(&self) -> bool {
        self.notes.iter().any(|note| note.editing)
    }

    fn note(&mut self, id: NoteId) -> Option<&mut NoteView> {
        let id = id.to_string();
        self.notes.iter_mut().find(|note| note.id == id)
    }

    /// Shows a draft at its note, or above all notes if the note is no longer on the board.
    fn add_draft(&mut self, id: NoteId, draft: DraftView) {
        match self.note(id) {
            Some(note) => note.draft = Some(draft),
            None => self.drafts.push(draft),
        }
    }
}

fn notes(board: &LoadedBoard, now: Timestamp) -> Vec<NoteView> {
    let mut notes: Vec<NoteView> = board.live().map(|note| NoteView::new(note, now)).collect();
    if let Some(first) = notes.first_mut() {
        first.first = true;
    }
    if let Some(last) = notes.last_mut() {
        last.last = true;
    }
    notes
}

/// Notes in the trash, the latest first.
fn trash(board: &LoadedBoard, now: Timestamp) -> Vec<TrashedView> {
    let mut trashed: Vec<&Note> =
        board.notes.iter().filter(|note| note.state == NoteState::Trashed).collect();
    trashed.sort_by_key(|note| std::cmp::Reverse(note.seq));
    trashed.into_iter().map(|note| TrashedView::new(note, now)).collect()
}
