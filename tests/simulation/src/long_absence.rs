//! A long absence: all clients leave, and days or months pass before they return. Meanwhile
//! housekeeping deletes old outcomes and compacts history.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::history_compaction::Compaction;
use sockbit_application::housekeeping::Housekeeping;
use sockbit_application::mutex::locked;
use tokio::time::{sleep, timeout};

use crate::database::WorkerStore;
use crate::fault_schedule::Processes;
use crate::planted_bugs;
use crate::random::RandomStream;
use crate::run_context::{Phase, SimulatedClock, SimulatedIds};
use crate::simulated_client::SimulatedClient;

/// How long commands may remain in transit after all clients have left: a gateway waits for its
/// confirmation, and the network delivers late.
const TRANSIT_MAX: Duration = Duration::from_secs(16);
/// How long a commit may still happen after its worker gave up.
const LATE_COMMIT_MAX: Duration = Duration::from_secs(3);
/// How often the bus is checked for remaining commands.
const CHECKS_MAX: usize = 30;
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// More than the first pause of housekeeping and one round.
const HOUSEKEEPING: Duration = Duration::from_secs(10);
/// A random stream of its own: scheduled compactions have smaller numbers.
const STREAM: usize = 1_000_001;

/// All clients leave, these days pass, and the clients return. If commands remain on the bus, no
/// time passes.
pub(crate) async fn pass_days(
    processes: &Processes,
    clients: &[Arc<Mutex<SimulatedClient>>],
    days: i64,
) {
    let context = &processes.context;
    context.enter(Phase::Absent);
    for client in clients {
        locked(client).leave();
    }
    // The broker does not keep commands for months, so they must arrive first.
    if commands_have_arrived(processes).await {
        context.pass_days(days);
        for client in clients {
            locked(client).days_passed(days);
        }
        locked(&context.observations).counts.long_absences += 1;
        run_housekeeping(processes).await;
    }
    context.enter(Phase::Active);
    for client in clients {
        locked(client).come_back();
    }
}

async fn commands_have_arrived(processes: &Processes) -> bool {
    sleep(TRANSIT_MAX).await;
    for _ in 0..CHECKS_MAX {
        if processes.broker.is_idle() {
            sleep(LATE_COMMIT_MAX).await;
            return processes.broker.is_idle();
        }
        sleep(CHECK_INTERVAL).await;
    }
    false
}

/// Runs at least one round.
async fn run_housekeeping(processes: &Processes) {
    let Processes { context, database, .. } = processes;
    let random = Mutex::new(context.random(RandomStream::Compaction, STREAM));
    let store = Arc::new(WorkerStore::for_maintenance(context, database, random));
    let health = Arc::clone(&store);
    let clock = Arc::new(SimulatedClock::new(Arc::clone(context), STREAM));
    let outcomes = planted_bugs::outcome_retention(context, Arc::clone(&store) as _);
    let compactable = planted_bugs::compaction(context, database, store);
    let compaction =
        Compaction::new(compactable, health, Arc::clone(&clock) as _, Duration::from_secs(1));
    let ids = SimulatedIds::new(Arc::clone(context), STREAM, false);
    let housekeeping = Housekeeping::new(outcomes, Some(compaction), clock, &ids);
    timeout(HOUSEKEEPING, housekeeping.run()).await.ok();
}
