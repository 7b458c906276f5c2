//! The client machine: everything that a client of a board must do right, without I/O, clock or
//! randomness. The browser runs the same machine in JavaScript, step by step the same.
//!
//! Read [`BoardClient`] first, then [`NoteText`]: what becomes of words between the key and the log.

mod board;
mod changes;
mod events;
mod link;
mod moment;
mod note_text;
mod outbox;
mod outcomes;
mod presence;
mod saved;
mod server_board;
mod view;

pub use board::{BoardClient, EditError, WishError};
pub use changes::ViewChange;
pub use link::{JoinState, Reason};
pub use moment::Moment;
pub use note_text::NoteText;
pub use saved::{Draft, Saved, SavedEntry, SavedNote};
pub use view::{NoteView, Receipt, ReceiptState};
