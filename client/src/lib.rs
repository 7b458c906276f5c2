//! The client machine: everything that a client of a board must do right, without I/O, clock or
//! randomness. The browser runs the same machine in JavaScript, step by step the same.
//!
//! Read [`BoardClient`] first, then [`NoteText`], the text machine of one note.

mod board_client;
mod board_events;
mod board_outcomes;
mod board_presence;
mod board_subscription;
mod clock_and_ids;
mod draft;
mod drafts;
mod note_text;
mod outbox;
mod presence;
mod reason;
mod save_status;
mod server_board;
mod server_messages;
mod subscription;
mod unsent_state;
mod view_changes;
mod view_model;

pub use board_client::{BoardClient, EditError, SubmitError};
pub use clock_and_ids::{ClockAndIds, MonotonicTime, Now};
pub use draft::Draft;
pub use note_text::NoteText;
pub use reason::Reason;
pub use save_status::{SaveState, SaveStatus};
pub use subscription::JoinState;
pub use unsent_state::{UnsentCommand, UnsentNote, UnsentState};
pub use view_changes::ViewChange;
pub use view_model::NoteView;
