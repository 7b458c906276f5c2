//! All of SockBit in one thread and in virtual time: real client machines, gateways and workers,
//! and between them a simulated network, bus and database that fail in every way that their
//! contracts allow. The seed alone decides a run, so a failing seed replays exactly.
//!
//! # The executor
//!
//! Each run has its own tokio `current_thread` runtime with a paused clock. The faults are in
//! implementations of the ports (`application/src/ports`) and of the connection between a client
//! and a gateway. The gateway uses tokio's timers, so an executor of our own would have to replace
//! them; turmoil drives programs over simulated sockets, and no socket is opened here. With one
//! thread and a paused clock tokio is deterministic if no code asks for randomness: the product's
//! selects are biased, the maps that it iterates are ordered, and nothing here uses tokio's
//! `watch`, which wakes tasks in an order of its own. A test runs seeds twice and compares their
//! traces.
//!
//! # What is not simulated
//!
//! Changes of identity, absences of months, and the changes that a view is notified of: the model
//! test (`tests/tests/model.rs`) covers these.
//!
//! Read [`run`], then `simulation_run.rs`, then the parts: `simulated_client` (a user and a client
//! machine), `network_connection`, `gateway_process`, `bus`, `worker_process`, `database`,
//! `fault_schedule`. `observations.rs` and `final_checks.rs` hold the invariants. `planted_bugs`
//! wraps the ports in faulty implementations, each of which the checks must detect.

mod bus;
mod compaction;
mod database;
mod fault_schedule;
mod final_checks;
mod gateway_process;
mod network_connection;
mod observations;
mod planted_bugs;
mod presence_checks;
mod process_lifetime;
mod random;
mod run_context;
mod run_parameters;
mod simulated_client;
mod simulation_run;
mod stale_tab_scenario;
mod trace;
mod typed_tokens;
mod worker_process;

use std::cell::Cell;
use std::sync::{Arc, Once};

pub use observations::Counts;
pub use planted_bugs::PlantedBug;
pub use stale_tab_scenario::run_stale_tab;

use run_context::RunContext;
use run_parameters::RunParameters;

use sockbit_application::mutex::locked;

/// The result of a run.
#[derive(Debug)]
pub struct RunResult {
    /// A hash of the whole trace.
    pub digest: u64,
    /// How much happened.
    pub counts: Counts,
    /// The first violated invariant.
    pub fault: Option<String>,
    /// The trace, if it was recorded.
    pub log: Vec<String>,
}

/// Runs a seed.
#[must_use]
pub fn run(seed: u64, bug: PlantedBug) -> RunResult {
    play(|| RunContext::new(seed, RunParameters::of(seed), bug, false), simulation_run::play)
}

/// Runs a seed and records its trace.
#[must_use]
pub fn log(seed: u64, bug: PlantedBug) -> RunResult {
    play(|| RunContext::new(seed, RunParameters::of(seed), bug, true), simulation_run::play)
}

fn play(
    context: impl FnOnce() -> RunContext,
    scenario: impl AsyncFnOnce(Arc<RunContext>),
) -> RunResult {
    count_panics();
    let panics = PANICS.get();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O can be built");
    let context = runtime.block_on(async {
        let context = Arc::new(context());
        scenario(Arc::clone(&context)).await;
        context
    });
    drop(runtime);
    if PANICS.get() > panics {
        context.fault("a task panicked".to_owned());
    }
    let observations = locked(&context.observations);
    RunResult {
        digest: context.trace.digest(),
        counts: observations.counts,
        fault: observations.fault.clone(),
        log: context.trace.connections(),
    }
}

thread_local! {
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

/// A panic in a task would go unnoticed, so panics are counted.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            print(panic);
        }));
    });
}
