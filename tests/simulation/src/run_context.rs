//! What all parts of a run share: its parameters, time, trace and observations.

use std::fmt::Arguments;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::mutex::locked;
use sockbit_application::ports::{Clock, Ids};
use sockbit_domain::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use uuid::Uuid;

use crate::observations::Observations;
use crate::planted_bugs::{BugState, PlantedBug};
use crate::random::{Random, RandomStream};
use crate::run_parameters::{FaultRates, RunParameters};
use crate::trace::Trace;
use crate::transcript::Transcript;
use crate::typed_tokens::TypedTokens;

/// The wall time at the start of each run, in milliseconds since 1970.
const BEGINNING: i64 = 1_700_000_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// The phases of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// Boards are created, without faults.
    Setup,
    /// Users act, and faults happen.
    Active,
    /// All clients are away.
    Absent,
    /// No more faults happen, and everything in transit arrives.
    Settling,
}

/// What a run records besides its result.
#[derive(Clone, Copy, Default)]
pub(crate) struct Recording {
    pub trace: bool,
    pub transcripts: bool,
}

/// One run.
pub(crate) struct RunContext {
    pub seed: u64,
    pub parameters: RunParameters,
    pub bug: PlantedBug,
    pub trace: Trace,
    pub observations: Mutex<Observations>,
    pub typed_tokens: Mutex<TypedTokens>,
    pub recording: Recording,
    pub transcripts: Mutex<Vec<Transcript>>,
    /// The state of the planted bug.
    pub bug_state: BugState,
    started: Instant,
    /// Time that passed during a long absence, while no timer ran.
    skipped_ms: AtomicI64,
    phase: Mutex<Phase>,
    phase_changed: Notify,
    drops_announcements: AtomicBool,
}

impl RunContext {
    pub fn new(
        seed: u64,
        parameters: RunParameters,
        bug: PlantedBug,
        recording: Recording,
    ) -> Self {
        Self {
            seed,
            parameters,
            bug,
            trace: Trace::new(recording.trace),
            observations: Mutex::default(),
            typed_tokens: Mutex::default(),
            recording,
            transcripts: Mutex::default(),
            bug_state: BugState::default(),
            started: Instant::now(),
            skipped_ms: AtomicI64::new(0),
            phase: Mutex::new(Phase::Setup),
            phase_changed: Notify::new(),
            drops_announcements: AtomicBool::new(false),
        }
    }

    pub fn log(&self, what: Arguments<'_>) {
        self.trace.log(self.started.elapsed(), what);
    }

    /// An invariant is violated. The first fault ends the run.
    pub fn fault(&self, what: String) {
        self.log(format_args!("FAULT {what}"));
        locked(&self.observations).fault.get_or_insert(what);
    }

    pub fn random(&self, part: RandomStream, number: usize) -> Random {
        Random::of(self.seed, part, number)
    }

    pub fn now(&self) -> Timestamp {
        let since = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp(BEGINNING + since + self.skipped_ms.load(Ordering::Relaxed))
    }

    /// Days pass on all clocks, but no timer ends.
    pub fn pass_days(&self, days: i64) {
        self.log(format_args!("{days} days pass"));
        self.skipped_ms.fetch_add(days * DAY_MS, Ordering::Relaxed);
    }

    fn phase(&self) -> Phase {
        *locked(&self.phase)
    }

    /// The fault probabilities of the current phase.
    pub fn rates(&self) -> &FaultRates {
        if self.is_active() { &self.parameters.rates } else { &FaultRates::NONE }
    }

    pub fn is_active(&self) -> bool {
        self.phase() == Phase::Active
    }

    pub fn is_settling(&self) -> bool {
        self.phase() == Phase::Settling
    }

    /// Whether it is this client's turn to type; `None` if all type at once.
    pub fn is_typing_turn(&self, client: usize) -> Option<bool> {
        let turns = self
            .started
            .elapsed()
            .as_millis()
            .checked_div(self.parameters.typing_turn.as_millis())?;
        Some(turns % self.parameters.clients as u128 == client as u128)
    }

    pub fn enter(&self, phase: Phase) {
        self.log(format_args!("phase: {phase:?}"));
        *locked(&self.phase) = phase;
        self.phase_changed.notify_waiters();
    }

    /// Waits for this time, or until the faults end.
    pub async fn pause(&self, pause: Duration) {
        let end = Instant::now() + pause;
        loop {
            let phase_changed = self.phase_changed.notified();
            if self.is_settling() || timeout_at(end, phase_changed).await.is_err() {
                return;
            }
        }
    }

    /// Waits until users were active for this time, or until the faults end.
    pub async fn pause_active(&self, mut pause: Duration) {
        loop {
            let phase_changed = self.phase_changed.notified();
            match self.phase() {
                Phase::Settling => return,
                Phase::Absent => phase_changed.await,
                Phase::Setup | Phase::Active => {
                    let start = Instant::now();
                    if timeout(pause, phase_changed).await.is_err() {
                        return;
                    }
                    pause = pause.saturating_sub(start.elapsed());
                }
            }
        }
    }

    /// Whether all announcements are lost without notice.
    pub fn drops_announcements(&self) -> bool {
        self.drops_announcements.load(Ordering::Relaxed)
    }

    pub fn drop_announcements(&self) {
        self.drops_announcements.store(true, Ordering::Relaxed);
    }

    /// How long one message takes.
    pub fn latency(&self, random: &mut Random) -> Duration {
        random.millis(1, self.parameters.latency_ms + 1)
    }

    /// Waits as long as one message takes.
    pub async fn wait_latency(&self, random: &Mutex<Random>) {
        let latency = self.latency(&mut locked(random));
        sleep(latency).await;
    }
}

/// A process's clock, which can be wrong by up to three seconds.
pub(crate) struct SimulatedClock {
    context: Arc<RunContext>,
    skew_ms: i64,
}

impl SimulatedClock {
    pub fn new(context: Arc<RunContext>, number: usize) -> Self {
        let skew = context.random(RandomStream::Clock, number).next() % 6_000;
        Self { context, skew_ms: i64::try_from(skew).unwrap_or(0) - 3_000 }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.context.now().0 + self.skew_ms)
    }
}

/// Ids from a seed. Minting panics at the rate of the run, as it may where no randomness is
/// available.
pub(crate) struct SimulatedIds {
    context: Arc<RunContext>,
    random: Mutex<Random>,
    may_panic: bool,
}

impl SimulatedIds {
    pub fn new(context: Arc<RunContext>, number: usize, may_panic: bool) -> Self {
        let random = Mutex::new(context.random(RandomStream::Ids, number));
        Self { context, random, may_panic }
    }
}

impl Ids for SimulatedIds {
    fn mint(&self) -> Uuid {
        let mut random = locked(&self.random);
        if self.may_panic && random.per_mille(self.context.rates().decide_panics) {
            drop(random);
            self.context.log(format_args!("minting an id panics"));
            // Without the hook that counts panics: this one is intended.
            std::panic::resume_unwind(Box::new("no randomness left"));
        }
        random.uuid()
    }
}
