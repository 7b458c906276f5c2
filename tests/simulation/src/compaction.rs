//! Compaction as a worker runs it, over a network that can fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::history_compaction::Compaction;

use crate::database::{Database, WorkerStore};
use crate::planted_bugs;
use crate::random::RandomStream;
use crate::run_context::{RunContext, SimulatedClock};

/// Runs one round. Each round has a number of its own.
pub(crate) async fn compact(
    context: &Arc<RunContext>,
    database: &Arc<Database>,
    after: Duration,
    number: usize,
) {
    let random = Mutex::new(context.random(RandomStream::Compaction, number));
    let store = Arc::new(WorkerStore::for_maintenance(context, database, random));
    let health = Arc::clone(&store);
    let store = planted_bugs::compaction(context, database, store);
    let clock = SimulatedClock::new(Arc::clone(context), number);
    let result = Compaction::new(store, health, Arc::new(clock), after).round().await;
    context.log(format_args!("compaction of events older than {after:?}: {result:?}"));
}
