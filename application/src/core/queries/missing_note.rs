//! The rejections of queries for a note that cannot be shown.

use sockbit_domain::{Rejection, RejectionCode};

pub(super) fn note_not_found() -> Rejection {
    Rejection::new(RejectionCode::NoteNotFound, "the board has no such note")
}

pub(super) fn note_gone() -> Rejection {
    Rejection::new(RejectionCode::NoteGone, "the note was deleted for good")
}
