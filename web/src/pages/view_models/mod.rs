//! Structs that the templates show: plain text, numbers and flags, formatted for display.

mod board;
mod frame;
mod note;
mod note_history;
mod person;
mod relative_time;

pub(super) use board::{BoardView, ComposerView};
pub(super) use frame::{Frame, NoticeView};
pub(super) use note::{DraftView, NoteView, OpenEditor, TrashedView, note_label};
pub(super) use note_history::{HistoryEntryView, history_views};
pub(super) use person::PersonView;
pub(super) use relative_time::TimeView;
