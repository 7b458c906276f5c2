//! The whole of SockBit in one thread and in virtual time: real client machines, real gateways, real
//! workers, and between them a network, a bus and a database that fail in every way that they may.
//! A run is decided by its seed alone, and a failing seed replays exactly.
//!
//! # The executor
//!
//! Runs are driven by tokio's own `current_thread` runtime with its clock paused, one runtime for
//! each run, and the faults are in implementations of the ports (`application/src/ports`) and of
//! the line between a client and a gateway. The gateway's timers are tokio's, so an executor of our
//! own would have to replace them; turmoil drives programs over simulated sockets, but here no
//! socket is opened: what a bus or a store may do wrong is said by the contracts of the ports, not
//! by TCP. With one thread and a paused clock tokio does the same each time, if nothing asks for
//! randomness of its own: the product's selects are therefore biased, the maps that it walks
//! through are ordered, and nothing here uses tokio's `watch`, which wakes in an order of its own.
//! A test runs seeds twice and compares all that was told.
//!
//! # What is not simulated
//!
//! Nobody changes their identity or stays away for months, and nobody looks at what a view is told:
//! the model test (`tests/tests/model.rs`) does these.
//!
//! Read [`run`], then `world.rs`, then the parts: `seat` (a person and a client machine), `line`,
//! `gateway_process`, `bus`, `worker_process`, `store`, `weather` (what strikes whole processes).
//! `evidence.rs` and `verdict.rs` say what must be true. `sabotage` has bugs to plant, as wrappers
//! around the ports.

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
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

pub use observations::Counts;
pub use planted_bugs::PlantedBug;
pub use stale_tab_scenario::run_stale_tab;

use run_context::RunContext;
use run_parameters::RunParameters;

/// How a run ended.
#[derive(Debug)]
pub struct RunResult {
    /// Of everything that was told during the run.
    pub digest: u64,
    /// How much happened.
    pub counts: Counts,
    /// The first thing that was not as it must be.
    pub fault: Option<String>,
    /// All that was told, if that was wanted.
    pub log: Vec<String>,
}

/// Plays the run of a seed.
#[must_use]
pub fn run(seed: u64, bug: PlantedBug) -> RunResult {
    play(|| RunContext::new(seed, RunParameters::of(seed), bug, false), simulation_run::play)
}

/// Plays the run of a seed, and tells all that happens.
#[must_use]
pub fn log(seed: u64, bug: PlantedBug) -> RunResult {
    play(|| RunContext::new(seed, RunParameters::of(seed), bug, true), simulation_run::play)
}

fn play(
    context: impl FnOnce() -> RunContext,
    scene: impl AsyncFnOnce(Arc<RunContext>),
) -> RunResult {
    notice_panics();
    let panics = PANICS.get();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O can be built");
    let context = runtime.block_on(async {
        let context = Arc::new(context());
        scene(Arc::clone(&context)).await;
        context
    });
    drop(runtime);
    if PANICS.get() > panics {
        context.fault("something panicked".to_owned());
    }
    let observations = locked(&context.observations);
    RunResult {
        digest: context.trace.digest(),
        counts: observations.counts,
        fault: observations.fault.clone(),
        log: context.trace.lines(),
    }
}

thread_local! {
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

/// A task that panics ends in silence; a run in which that happened is not well.
fn notice_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            print(panic);
        }));
    });
}

/// Nothing that holds a lock here panics half-way.
fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
