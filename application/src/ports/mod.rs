//! The ports: what the core, the worker and the gateway need from the outside, one trait for each
//! role. Nothing here names a technology.

mod announcements;
mod announcer;
mod clock;
mod commands;
mod compaction_store;
mod confirm;
mod decision_store;
mod external_commands;
mod ids;
mod outcome_retention;
mod presence;
mod queries;
mod query_queue;
mod read_store;
mod single_reads;
mod store;
mod store_health;
mod store_result;
mod work_queue;

pub use announcements::{Announcements, Incoming};
pub use announcer::Announcer;
pub use clock::Clock;
pub use commands::{Commands, SendError};
pub use compaction_store::{
    CompactableEvents, CompactableEventsBuilder, CompactionCandidate, CompactionStore, Squash,
};
pub use confirm::{Confirm, ready_confirm};
pub use decision_store::{BoardChanges, DecisionStore, LoadRequest, LoadedBoard, StoredOutcome};
pub use external_commands::{ExternalCommand, ExternalCommands};
pub use ids::Ids;
pub use outcome_retention::OutcomeRetention;
pub use presence::Presence;
pub use queries::Queries;
pub use query_queue::{QueryQueue, ReceivedQuery};
pub use read_store::{
    BoardStatus, BoardStatusRequest, EventPageRequest, LATER_INVERSES_BYTES_MAX, NoteHistoryPage,
    NotesPage, ReadStore,
};
pub use single_reads::SingleReads;
pub use store::Store;
pub use store_health::StoreHealth;
pub use store_result::{CommitResult, StoreError};
pub use work_queue::{Delivery, DeliveryTag, WorkQueue};

#[cfg(test)]
pub use {
    announcements::MockAnnouncements, announcer::MockAnnouncer, commands::MockCommands,
    compaction_store::MockCompactionStore, decision_store::MockDecisionStore,
    external_commands::MockExternalCommands, outcome_retention::MockOutcomeRetention,
    queries::MockQueries, query_queue::MockQueryQueue, read_store::MockReadStore,
    store_health::MockStoreHealth, work_queue::MockWorkQueue,
};

/// The other side cannot be reached now, or did not reply in time. Retrying later may succeed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unavailable: {0}")]
pub struct Unavailable(pub String);
