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
mod evidence;
mod gateway_process;
mod life;
mod line;
mod people;
mod plan;
mod random;
mod sabotage;
mod seat;
mod sim;
mod stale_tab;
mod store;
mod trace;
mod trick;
mod verdict;
mod weather;
mod words;
mod worker_process;
mod world;

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

pub use evidence::Counts;
pub use stale_tab::stale_tab;
pub use trick::Trick;

use plan::Plan;
use sim::Sim;

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Of everything that was told during the run.
    pub digest: u64,
    /// How much happened.
    pub counts: Counts,
    /// The first thing that was not as it must be.
    pub fault: Option<String>,
    /// All that was told, if that was wanted.
    pub story: Vec<String>,
}

/// Plays the run of a seed.
#[must_use]
pub fn run(seed: u64, trick: Trick) -> Ended {
    play(|| Sim::new(seed, Plan::of(seed), trick, false), world::play)
}

/// Plays the run of a seed, and tells all that happens.
#[must_use]
pub fn tell(seed: u64, trick: Trick) -> Ended {
    play(|| Sim::new(seed, Plan::of(seed), trick, true), world::play)
}

fn play(sim: impl FnOnce() -> Sim, scene: impl AsyncFnOnce(Arc<Sim>)) -> Ended {
    notice_panics();
    let panics = PANICS.get();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O can be built");
    let sim = runtime.block_on(async {
        let sim = Arc::new(sim());
        scene(Arc::clone(&sim)).await;
        sim
    });
    drop(runtime);
    if PANICS.get() > panics {
        sim.fault("something panicked".to_owned());
    }
    let evidence = locked(&sim.evidence);
    Ended {
        digest: sim.trace.digest(),
        counts: evidence.counts,
        fault: evidence.fault.clone(),
        story: sim.trace.lines(),
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
