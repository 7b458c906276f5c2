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
//! Time between two timers costs nothing, but months of ticks would. So a long absence moves the
//! clocks forward while all clients are offline (`long_absence.rs`), and no timer ends meanwhile.
//!
//! # Where to begin
//!
//! Read [`run`], then `simulation_run.rs`, then the parts: `simulated_client` (a user and a client
//! machine), `network_connection`, `gateway_process`, `bus`, `worker_process`, `database`,
//! `fault_schedule`. `observations.rs`, `simulated_client/shown_view.rs` and `final_checks.rs` hold
//! the invariants. `planted_bugs` wraps the ports in faulty implementations, each of which the
//! checks must detect. [`transcripts`] records client machines for the browser's machine to replay.

mod board_setup;
mod bus;
mod command_order;
mod compaction;
mod core_without_bus;
mod counts;
mod database;
mod fault_schedule;
mod final_checks;
mod gateway_process;
mod long_absence;
mod machine_input;
mod network_connection;
mod observations;
mod observed_commands;
mod page_renderer;
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
mod transcript;
mod typed_tokens;
mod worker_ports;
mod worker_process;

use std::cell::Cell;
use std::sync::{Arc, Once};

pub use counts::Counts;
pub use planted_bugs::PlantedBug;
pub use random::Random;
pub use stale_tab_scenario::run_stale_tab;

use run_context::{Recording, RunContext};
use run_parameters::RunParameters;
use transcript::Transcript;

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
    /// The transcripts, if they were recorded.
    pub(crate) transcripts: Vec<Transcript>,
}

/// Runs a seed.
#[must_use]
pub fn run(seed: u64, bug: PlantedBug) -> RunResult {
    run_recorded(seed, bug, Recording::default())
}

/// Runs a seed and records its trace.
#[must_use]
pub fn log(seed: u64, bug: PlantedBug) -> RunResult {
    run_recorded(seed, bug, Recording { trace: true, ..Recording::default() })
}

/// Transcripts of client machines.
#[derive(Debug, Default)]
pub struct Transcripts {
    /// One line of JSON for each machine.
    pub lines: String,
    /// How much happened in the runs of these machines.
    pub counts: Counts,
}

/// Runs the first seeds and records each client machine, until there are this many transcripts.
pub fn transcripts(count: usize) -> Result<Transcripts, String> {
    let mut transcripts = Transcripts::default();
    let recording = Recording { transcripts: true, ..Recording::default() };
    let mut missing = count;
    for seed in 0.. {
        if missing == 0 {
            break;
        }
        let result = run_recorded(seed, PlantedBug::None, recording);
        if let Some(fault) = result.fault {
            return Err(format!("seed {seed}: {fault}"));
        }
        transcripts.counts.add(&result.counts);
        for transcript in result.transcripts.iter().take(missing) {
            let line = serde_json::to_string(transcript).map_err(|error| error.to_string())?;
            transcripts.lines.extend([&*line, "\n"]);
            missing -= 1;
        }
    }
    Ok(transcripts)
}

fn run_recorded(seed: u64, bug: PlantedBug, recording: Recording) -> RunResult {
    play(|| RunContext::new(seed, RunParameters::of(seed), bug, recording), simulation_run::play)
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
        log: context.trace.lines(),
        transcripts: std::mem::take(&mut *locked(&context.transcripts)),
    }
}

thread_local! {
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

/// Counts panics: one in a task would not be noticed otherwise.
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
