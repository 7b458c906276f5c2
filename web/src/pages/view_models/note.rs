//! A note as a card, as a draft and in the trash.

use sockbit_domain::{Colour, Note, NoteId, Position, Seq, Timestamp};

use super::person::PersonView;
use super::relative_time::TimeView;
use crate::pages::markdown;

/// The id in the blank card, which the script replaces.
const BLANK_ID: &str = "__note__";
const LABEL_CHARS_MAX: usize = 60;

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one condition in the template")]
pub(crate) struct NoteView {
    pub id: String,
    pub seq: u64,
    pub colour: String,
    pub label: String,
    pub html: String,
    /// The text in the editor.
    pub text: String,
    /// Whether the text in the editor is a rejected edit of the note's text.
    pub refused: bool,
    pub editor: PersonView,
    pub changed: TimeView,
    pub editing: bool,
    pub colouring: bool,
    pub first: bool,
    pub last: bool,
    pub draft: Option<DraftView>,
}

/// A text that was not saved.
#[derive(Clone, Debug)]
pub(crate) struct DraftView {
    pub reason: String,
    pub text: String,
    pub colour: String,
}

/// A note in the trash.
#[derive(Clone, Debug)]
pub(crate) struct TrashedView {
    pub id: String,
    pub colour: String,
    pub text: String,
    pub editor: PersonView,
    pub changed: TimeView,
}

/// A text in an open editor, and the position that it is based on.
pub(crate) struct OpenEditor {
    pub note: NoteId,
    pub text: String,
    pub base: Position,
}

impl NoteView {
    pub fn new(note: &Note, now: Timestamp) -> Self {
        Self {
            id: note.id.to_string(),
            seq: note.seq.0,
            colour: note.colour.as_str().to_owned(),
            label: note_label(note),
            html: markdown::to_html(note.text.as_str()),
            text: note.text.to_string(),
            refused: false,
            editor: PersonView::new(&note.edited_by),
            changed: TimeView::new(note.edited_at, now),
            editing: false,
            colouring: false,
            first: false,
            last: false,
            draft: None,
        }
    }

    /// The card that the script copies and fills in.
    pub fn blank() -> Self {
        Self {
            id: BLANK_ID.to_owned(),
            seq: 0,
            colour: Colour::default().as_str().to_owned(),
            label: String::new(),
            html: String::new(),
            text: String::new(),
            refused: false,
            editor: PersonView::blank(),
            changed: TimeView::blank(),
            editing: false,
            colouring: false,
            first: false,
            last: false,
            draft: None,
        }
    }

    /// Opens the editor with a text that is based on `base`. If the note has not changed since, the
    /// script treats the text as an unsaved edit. Otherwise the text is shown as a draft too.
    pub fn open_editor(&mut self, typed: String, base: Seq) {
        self.editing = true;
        if typed == self.text {
            return;
        }
        self.text.clone_from(&typed);
        if self.seq <= base.0 {
            self.refused = true;
        } else {
            self.add_draft(typed);
        }
    }

    /// Shows a rejected text beside the note.
    pub fn add_draft(&mut self, typed: String) {
        let reason = "This was not saved. Here is what you wrote:".to_owned();
        self.draft = Some(DraftView { reason, text: typed, ..DraftView::blank() });
    }
}

impl DraftView {
    /// The draft panel that the script copies and fills in.
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
            colour: note.colour.as_str().to_owned(),
            text: note.text.to_string(),
            editor: PersonView::new(&note.edited_by),
            changed: TimeView::new(note.edited_at, now),
        }
    }

    /// The row that the script copies and fills in.
    pub fn blank() -> Self {
        Self {
            id: BLANK_ID.to_owned(),
            colour: Colour::default().as_str().to_owned(),
            text: String::new(),
            editor: PersonView::blank(),
            changed: TimeView::blank(),
        }
    }
}

/// The name of a note in the interface: its first line.
pub(crate) fn note_label(note: &Note) -> String {
    let line = markdown::first_line(note.text.as_str(), LABEL_CHARS_MAX);
    if line.is_empty() { "Empty note".to_owned() } else { line }
}
