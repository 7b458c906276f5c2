//! Structs that the templates show: text, numbers and flags, formatted for display.

mod board_header;
mod composer;
mod frame;
mod note;
mod note_history;
mod person;
mod relative_time;

pub(super) use board_header::BoardHeaderView;
pub(super) use composer::ComposerView;
pub(super) use frame::{Frame, NoticeView};
pub(super) use note::{DraftView, NoteView, OpenEditor, TrashedView, note_label};
pub(super) use note_history::{HistoryEntryView, history_views};
pub(super) use person::PersonView;
pub(super) use relative_time::TimeView;
