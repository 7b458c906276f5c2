//! Bugs as wrappers around ports: the product contains none of them.

mod bug_state;
mod buggy_announcer;
mod buggy_client;
mod buggy_compaction_store;
mod buggy_decision_store;
mod buggy_gateway_ports;
mod buggy_outcome_retention;
mod buggy_work_queue;
mod planted_bug;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use sockbit_application::gateway::{GatewayPorts, GatewaySettings};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{CompactionStore, OutcomeRetention};
use sockbit_domain::Limits;
use sockbit_domain::wire::BoardPage;

use crate::database::Database;
use crate::run_context::RunContext;
use crate::worker_ports::WorkerPorts;

use buggy_announcer::BuggyAnnouncer;
use buggy_compaction_store::BuggyCompactionStore;
use buggy_decision_store::BuggyDecisionStore;
use buggy_gateway_ports::BuggyGatewayPorts;
use buggy_outcome_retention::BuggyOutcomeRetention;
use buggy_work_queue::BuggyWorkQueue;

pub(crate) use bug_state::BugState;
pub(crate) use buggy_client::BuggyClient;
pub use planted_bug::PlantedBug;

/// A gateway's ports, with the bug of the run.
pub(crate) fn gateway(context: &Arc<RunContext>, ports: GatewayPorts) -> GatewayPorts {
    let buggy = Arc::new(BuggyGatewayPorts::new(context, &ports));
    match context.bug {
        PlantedBug::ResumesFromAnyPosition
        | PlantedBug::SkipsFirstEventOfPage
        | PlantedBug::DropsEventsDuringGapFill => GatewayPorts { queries: buggy, ..ports },
        PlantedBug::NeverComparesHeads => GatewayPorts { announcements: buggy, ..ports },
        PlantedBug::OvertakesEarlierBatches => GatewayPorts { commands: buggy, ..ports },
        PlantedBug::IgnoresRemotePresence => GatewayPorts { presence: buggy, ..ports },
        _ => ports,
    }
}

/// A gateway's settings, with the bug of the run.
pub(crate) fn settings(context: &RunContext) -> GatewaySettings {
    let settings = context.parameters.settings.clone();
    match context.bug {
        PlantedBug::NeverComparesHeads => {
            GatewaySettings { heads_every: Duration::from_hours(24), ..settings }
        }
        _ => settings,
    }
}

/// A worker's ports, with the bug of the run.
pub(crate) fn worker(
    context: &Arc<RunContext>,
    database: &Arc<Database>,
    ports: WorkerPorts,
) -> WorkerPorts {
    match context.bug {
        PlantedBug::ForgetsOutcomes
        | PlantedBug::RenumbersStaleCommits
        | PlantedBug::CommitsOutcomesSeparately
        | PlantedBug::WritesOnlyFirstNote
        | PlantedBug::ReportsFailedCommitsAsDone
        | PlantedBug::LoadsOutdatedNotes
        | PlantedBug::AnnouncesBeforeCommit
        | PlantedBug::CompactionDropsOutcomes => {
            let announcer = Arc::clone(&ports.announcer);
            let (context, database) = (Arc::clone(context), Arc::clone(database));
            let store = BuggyDecisionStore { context, inner: ports.decisions, database, announcer };
            WorkerPorts { decisions: Arc::new(store), ..ports }
        }
        PlantedBug::NeverRepeatsOutcomes
        | PlantedBug::ConfirmsFailedPublishes
        | PlantedBug::SendsOutcomesToPreviousSender
        | PlantedBug::RejectsWholeBatches => {
            let announcer = BuggyAnnouncer::new(context, ports.announcer);
            WorkerPorts { announcer: Arc::new(announcer), ..ports }
        }
        PlantedBug::AcknowledgesOnTake
        | PlantedBug::HidesRedeliveries
        | PlantedBug::TransformsWithWrongPriority => {
            let (context, database) = (Arc::clone(context), Arc::clone(database));
            let work = BuggyWorkQueue { context, database, inner: ports.work };
            WorkerPorts { work: Arc::new(work), ..ports }
        }
        _ => ports,
    }
}

/// The store that compaction uses, with the bug of the run.
pub(crate) fn compaction(
    context: &Arc<RunContext>,
    database: &Arc<Database>,
    inner: Arc<dyn CompactionStore>,
) -> Arc<dyn CompactionStore> {
    match context.bug {
        PlantedBug::CompactionDropsOutcomes | PlantedBug::CompactionDropsFirstEdit => {
            let (context, database) = (Arc::clone(context), Arc::clone(database));
            Arc::new(BuggyCompactionStore { context, inner, database })
        }
        _ => inner,
    }
}

/// The store that deletes outcomes, with the bug of the run.
pub(crate) fn outcome_retention(
    context: &RunContext,
    inner: Arc<dyn OutcomeRetention>,
) -> Arc<dyn OutcomeRetention> {
    match context.bug {
        PlantedBug::DeletesOutcomesTooEarly => Arc::new(BuggyOutcomeRetention(inner)),
        _ => inner,
    }
}

/// The limits that workers enforce, with the bug of the run.
pub(crate) fn limits(context: &RunContext) -> Limits {
    match context.bug {
        PlantedBug::IgnoresLimits => Limits::default(),
        _ => context.parameters.limits.clone(),
    }
}

/// A rendered page, with the bug of the run.
pub(crate) fn page(context: &RunContext, page: BoardPage) -> BoardPage {
    if context.bug != PlantedBug::RendersNotesOfEarlierPage {
        return page;
    }
    let mut first_pages = locked(&context.bug_state.first_pages);
    let first = first_pages.entry(page.board).or_insert_with(|| page.clone());
    BoardPage { notes: first.notes.clone(), ..page }
}

/// Whether a frame to a client is dropped between its session and its connection.
pub(crate) fn drops_frame(context: &RunContext, frame: &Bytes) -> bool {
    context.bug == PlantedBug::DropsEventsDuringGapFill
        && context.bug_state.event_pages_in_flight.load(Ordering::Relaxed) > 0
        && frame.starts_with(br#"{"v":1,"type":"event""#)
}
