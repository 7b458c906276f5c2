//! The sync client of a board: everything that a client must do right, without I/O, clock or
//! randomness. The browser runs the same state machine in JavaScript, step by step the same.
//!
//! [`BoardClient`] takes the inputs. Each part of the machine ([`NoteText`], the outbox, the
//! subscription …) owns its state and returns effects; `board_state.rs` carries them out.

mod board_client;
mod board_snapshot;
mod client_parts;
mod clock_and_ids;
mod drafts;
mod effect;
mod local_texts;
mod note_text;
mod note_view;
mod outbox;
mod persisted_state;
mod presence;
mod queued_command;
mod reason;
mod save_status;
mod server_board;
mod subscription;
mod view_changes;
mod view_model;

pub use board_client::{BoardClient, EditError, SubmitError};
pub use board_snapshot::BoardSnapshot;
pub use clock_and_ids::{ClockAndIds, MonotonicTime, Now};
pub use drafts::Draft;
pub use note_text::NoteText;
pub use note_view::NoteView;
pub use persisted_state::{PersistedCommand, PersistedState, PersistedText};
pub use reason::Reason;
pub use save_status::{SaveState, SaveStatus};
pub use subscription::JoinState;
pub use view_changes::ViewChange;
