//! What the core and the gateway need from the world, by role. Nothing here names a technology.

mod announcements;
mod announcer;
mod clock;
mod commands;
mod compaction;
mod ids;
mod intake;
mod presence;
mod queries;
mod store;
mod work;

pub use announcements::{Announcements, News};
pub use announcer::Announcer;
pub use clock::Clock;
pub use commands::{Commands, SendError};
pub use compaction::{OldEvents, OldEventsPage, Squash, Uncompacted};
pub use ids::Ids;
pub use intake::{Intake, Submission};
pub use presence::Presence;
pub use queries::Queries;
pub use store::{
    BoardChanges, BoardLoaded, BoardWanted, Commit, LATER_INVERSES_BYTES_MAX, NoteEvents, Notes,
    PageBudget, Standing, Store, StoreError, StoredOutcome, json_bytes,
};
pub use work::{Asked, Delivery, Questions, Receipt, Work};

#[cfg(test)]
pub use {
    announcements::MockAnnouncements, announcer::MockAnnouncer, commands::MockCommands,
    intake::MockIntake, queries::MockQueries, store::MockStore, work::MockQuestions,
    work::MockWork,
};

/// The other side cannot be reached now, or did not answer in time. Asking again later may help.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unavailable: {0}")]
pub struct Unavailable(pub String);
