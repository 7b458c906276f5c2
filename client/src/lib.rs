//! The client machine: everything that a client of a board must do right, without I/O, clock or
//! randomness. The browser runs the same machine in JavaScript, step by step the same.
//!
//! Read [`BoardClient`] first, then [`NoteText`]: what becomes of words between the key and the log.

mod board_client;
mod clock_and_ids;
mod events;
mod note_text;
mod outbox;
mod outcomes;
mod presence;
mod server_board;
mod subscription;
mod unsent_state;
mod view_changes;
mod view_model;

pub use board_client::{BoardClient, EditError, SubmitError};
pub use clock_and_ids::{ClockAndIds, MonotonicTime, Now};
pub use note_text::NoteText;
pub use subscription::{JoinState, Reason};
pub use unsent_state::{Draft, UnsentCommand, UnsentNote, UnsentState};
pub use view_changes::ViewChange;
pub use view_model::{NoteView, SaveState, SaveStatus};
