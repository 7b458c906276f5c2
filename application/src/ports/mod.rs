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
mod work_queue;

pub use announcements::{Announcements, Incoming};
pub use announcer::Announcer;
pub use clock::Clock;
pub use commands::{Commands, SendError};
pub use compaction::{CompactableEvents, CompactableEventsBuilder, CompactionCandidate, Squash};
pub use ids::Ids;
pub use intake::{Intake, IntakeMessage};
pub use presence::Presence;
pub use queries::Queries;
pub use store::{
    BoardChanges, BoardStatus, CommitResult, LATER_INVERSES_BYTES_MAX, LoadRequest, LoadedBoard,
    NoteHistoryPage, NotesPage, PageBudget, Store, StoreError, StoredOutcome, json_bytes,
};
pub use work_queue::{Delivery, DeliveryTag, QueryQueue, ReceivedQuery, WorkQueue};

#[cfg(test)]
pub use {
    announcements::MockAnnouncements, announcer::MockAnnouncer, commands::MockCommands,
    intake::MockIntake, queries::MockQueries, store::MockStore, work_queue::MockQueryQueue,
    work_queue::MockWorkQueue,
};

/// The other side cannot be reached now, or did not answer in time. Asking again later may help.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unavailable: {0}")]
pub struct Unavailable(pub String);
