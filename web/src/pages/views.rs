//! What the templates show: nothing but texts, numbers and choices already made.

use askama::Template;
use sockbit_application::gateway::Identity;
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    Actor, BoardId, Colour, Limits, Note, NoteState, PERSON_COLOURS, Position, Seq, Timestamp,
    Title,
};

use super::history::HistoryView;
use super::markdown;
use super::time::TimeView;

/// What stands in for an id in the markup that script makes cards of.
const BLANK_ID: &str = "__note__";
const LABEL_CHARS_MAX: usize = 60;

/// What every page but the error page shows.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Whose page it is: what is typed in it belongs to this actor.
    pub actor: String,
    pub me: PersonView,
    /// The path of this page, to come back to.
    pub here: String,
    pub notice: Option<NoticeView>,
}

#[derive(Clone, Debug)]
pub(super) struct NoticeView {
    pub text: String,
    /// Where to post to take it back.
    pub undo: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct PersonView {
    pub name: String,
    pub initials: String,
    pub colour: u8,
}

#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct HomePage {
    pub frame: Frame,
    pub boards: Vec<BoardRow>,
    pub title: String,
    pub title_bytes_max: usize,
    pub problem: Option<String>,
}

pub(super) struct BoardRow {
    pub id: String,
    pub title: String,
    pub notes: u64,
    pub changed: TimeView,
    pub by: PersonView,
}

#[derive(Template)]
#[template(path = "board.html")]
pub(super) struct BoardPage {
    pub frame: Frame,
    pub board: BoardView,
    pub notes: Vec<NoteView>,
    pub trash: Vec<TrashedView>,
    pub blank: NoteView,
    pub blank_trashed: TrashedView,
    pub blank_draft: DraftView,
    pub composer: ComposerView,
    pub drafts: Vec<DraftView>,
    pub new_link: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct BoardView {
    pub id: String,
    pub title: String,
    pub position_seq: u64,
    pub position_event: String,
    pub full: bool,
    pub title_bytes_max: usize,
    pub note_bytes_max: usize,
}

#[derive(Clone, Debug)]
pub(super) struct ComposerView {
    pub text: String,
    pub colour: String,
    pub problem: Option<String>,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one choice in the markup")]
pub(super) struct NoteView {
    pub id: String,
    pub seq: u64,
    pub colour: String,
    pub label: String,
    pub html: String,
    /// What stands in the editor.
    pub text: String,
    /// What the note reads, where that is another and its editor's text is a change of it.
    pub saved: Option<String>,
    pub editor: PersonView,
    pub changed: TimeView,
    pub editing: bool,
    pub colouring: bool,
    pub first: bool,
    pub last: bool,
    pub draft: Option<DraftView>,
}

/// Words that were not saved.
#[derive(Clone, Debug)]
pub(super) struct DraftView {
    pub reason: String,
    pub text: String,
    pub colour: String,
}

#[derive(Clone, Debug)]
pub(super) struct TrashedView {
    pub id: String,
    pub seq: u64,
    pub colour: String,
    pub text: String,
    pub editor: PersonView,
    pub changed: TimeView,
}

#[derive(Template)]
#[template(path = "note.html")]
pub(super) struct NotePage {
    pub frame: Frame,
    pub board: BoardView,
    pub note: NoteView,
    pub trashed: bool,
    pub blank_draft: DraftView,
    pub history: Vec<HistoryView>,
    pub older: Option<String>,
}

/// It says the same to everybody.
#[derive(Template)]
#[template(path = "join.html")]
pub(super) struct JoinPage;

#[derive(Template)]
#[template(path = "error.html")]
pub(super) struct ErrorPage {
    pub status: u16,
    pub title: String,
    pub message: String,
    pub retry: Option<String>,
}

impl Frame {
    pub fn new(me: &Identity, here: String) -> Self {
        Self { actor: me.actor.id.to_string(), me: PersonView::new(&me.actor), here, notice: None }
    }
}

impl NoticeView {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), undo: None }
    }
}

impl PersonView {
    pub fn new(actor: &Actor) -> Self {
        Self {
            name: actor.name.clone(),
            initials: initials(&actor.name),
            colour: actor.colour % PERSON_COLOURS,
        }
    }

    fn blank() -> Self {
        Self { name: String::new(), initials: String::new(), colour: 0 }
    }
}

/// The first letters of the first two words.
fn initials(name: &str) -> String {
    let letters =
        name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let initials: String = letters.take(2).flat_map(char::to_uppercase).collect();
    if initials.is_empty() { name.chars().take(1).collect() } else { initials }
}

impl BoardRow {
    pub fn new(summary: &BoardSummary, now: Timestamp) -> Self {
        Self {
            id: summary.board.to_string(),
            title: summary.title.to_string(),
            notes: u64::from(summary.notes),
            changed: TimeView::new(summary.changed_at, now),
            by: PersonView::new(&summary.changed_by),
        }
    }
}

impl BoardView {
    pub fn new(id: BoardId, title: &Title, position: Position, limits: &Limits) -> Self {
        Self {
            id: id.to_string(),
            title: title.to_string(),
            position_seq: position.seq.0,
            position_event: position.event.to_string(),
            full: false,
            title_bytes_max: limits.title_bytes_max,
            note_bytes_max: limits.note_bytes_max,
        }
    }
}

impl Default for ComposerView {
    fn default() -> Self {
        Self { text: String::new(), colour: Colour::default().as_str().to_owned(), problem: None }
    }
}

impl NoteView {
    pub fn new(note: &Note, now: Timestamp) -> Self {
        Self {
            id: note.id.to_string(),
            seq: note.seq.0,
            colour: note.colour.as_str().to_owned(),
            label: label(note),
            html: markdown::to_html(note.text.as_str()),
            text: note.text.to_string(),
            saved: None,
            editor: PersonView::new(&note.edited_by),
            changed: TimeView::new(note.edited_at, now),
            editing: false,
            colouring: false,
            first: false,
            last: false,
            draft: None,
        }
    }

    /// The card that script fills in.
    pub fn blank() -> Self {
        Self {
            id: BLANK_ID.to_owned(),
            seq: 0,
            colour: Colour::default().as_str().to_owned(),
            label: String::new(),
            html: String::new(),
            text: String::new(),
            saved: None,
            editor: PersonView::blank(),
            changed: TimeView::blank(),
            editing: false,
            colouring: false,
            first: false,
            last: false,
            draft: None,
        }
    }

    /// Opens its editor, with a text that was typed over the note as it was at `base`. Script can go
    /// on from there where the note still reads so; elsewhere the text is a draft, too.
    pub fn open(&mut self, typed: String, base: Seq) {
        self.editing = true;
        if typed == self.text {
            return;
        }
        let present = std::mem::replace(&mut self.text, typed.clone());
        if self.seq <= base.0 {
            self.saved = Some(present);
        } else {
            self.keep(typed);
        }
    }

    /// Shows words that the note did not take beside it.
    pub fn keep(&mut self, typed: String) {
        let reason = "This was not saved. Here it is as you wrote it.".to_owned();
        self.draft = Some(DraftView { reason, text: typed, ..DraftView::blank() });
    }
}

impl DraftView {
    /// The panel that script fills in.
    pub fn blank() -> Self {
        Self {
            reason: String::new(),
            text: String::new(),
            colour: Colour::default().as_str().to_owned(),
        }
    }
}

impl TrashedView {
    pub fn new(note: &Note, now: Timestamp) -> Self {
        Self {
            id: note.id.to_string(),
            seq: note.seq.0,
            colour: note.colour.as_str().to_owned(),
            text: note.text.to_string(),
            editor: PersonView::new(&note.edited_by),
            changed: TimeView::new(note.edited_at, now),
        }
    }

    /// The line that script fills in.
    pub fn blank() -> Self {
        Self {
            id: BLANK_ID.to_owned(),
            seq: 0,
            colour: Colour::default().as_str().to_owned(),
            text: String::new(),
            editor: PersonView::blank(),
            changed: TimeView::blank(),
        }
    }
}

/// What a note is called: its first line.
pub(super) fn label(note: &Note) -> String {
    let line = markdown::first_line(note.text.as_str(), LABEL_CHARS_MAX);
    if line.is_empty() { "Empty note".to_owned() } else { line }
}

/// Whether a note stands on its board.
pub(super) fn is_live(note: &Note) -> bool {
    note.state == NoteState::Live
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_the_initials_of_two_words() {
        for (name, letters) in [
            ("Quiet Otter", "QO"),
            ("ada", "A"),
            ("Ana María del Mar", "AM"),
            ("(😀) ß", "SS"),
            ("😀", "😀"),
        ] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }
}
