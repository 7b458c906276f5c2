//! What all parts of a run share: its plan, its time, what is told and what is known of it.

use std::fmt::Arguments;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::ports::{Clock, Ids};
use sockbit_domain::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use crate::evidence::Evidence;
use crate::locked;
use crate::plan::{Plan, Rates};
use crate::random::{Part, Random};
use crate::sabotage::Memory;
use crate::trace::Trace;
use crate::trick::Trick;
use crate::words::Words;

/// When runs begin, in milliseconds since 1970.
const BEGINNING: i64 = 1_700_000_000_000;

/// The parts of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// Boards are begun, and nothing goes wrong.
    Beginning,
    /// People act, and things go wrong.
    Active,
    /// Nothing goes wrong any more.
    Healed,
}

/// One run.
pub(crate) struct Sim {
    pub seed: u64,
    pub plan: Plan,
    pub trick: Trick,
    pub trace: Trace,
    pub evidence: Mutex<Evidence>,
    pub words: Mutex<Words>,
    /// What the saboteur of the run remembers.
    pub memory: Memory,
    begun: Instant,
    phase: Mutex<Phase>,
    healed: Notify,
    is_mute: AtomicBool,
}

impl Sim {
    pub fn new(seed: u64, plan: Plan, trick: Trick, is_readable: bool) -> Self {
        Self {
            seed,
            plan,
            trick,
            trace: Trace::new(is_readable),
            evidence: Mutex::default(),
            words: Mutex::default(),
            memory: Memory::default(),
            begun: Instant::now(),
            phase: Mutex::new(Phase::Beginning),
            healed: Notify::new(),
            is_mute: AtomicBool::new(false),
        }
    }

    pub fn tell(&self, what: Arguments<'_>) {
        self.trace.tell(self.begun.elapsed(), what);
    }

    /// Something is not as it must be. The first fault ends the run.
    pub fn fault(&self, what: String) {
        self.tell(format_args!("FAULT {what}"));
        locked(&self.evidence).fault.get_or_insert(what);
    }

    pub fn random(&self, part: Part, number: usize) -> Random {
        Random::of(self.seed, part, number)
    }

    pub fn now(&self) -> Timestamp {
        let since = i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp(BEGINNING.saturating_add(since))
    }

    /// What goes wrong now, and how often.
    pub fn rates(&self) -> &Rates {
        if self.is_active() { &self.plan.rates } else { &Rates::NONE }
    }

    pub fn is_active(&self) -> bool {
        *locked(&self.phase) == Phase::Active
    }

    pub fn is_healed(&self) -> bool {
        *locked(&self.phase) == Phase::Healed
    }

    /// Whether it is now this seat's turn to sit and type, where people take turns.
    pub fn sits(&self, seat: usize) -> Option<bool> {
        let turns = self.begun.elapsed().as_millis().checked_div(self.plan.sitting.as_millis())?;
        Some(turns % self.plan.seats as u128 == seat as u128)
    }

    pub fn enter(&self, phase: Phase) {
        self.tell(format_args!("phase: {phase:?}"));
        *locked(&self.phase) = phase;
        self.healed.notify_waiters();
    }

    /// Waits for so long, or until all is healed.
    pub async fn pause(&self, pause: Duration) {
        let end = Instant::now() + pause;
        loop {
            let healed = self.healed.notified();
            if self.is_healed() || timeout_at(end, healed).await.is_err() {
                return;
            }
        }
    }

    /// Whether all announcements are lost in silence.
    pub fn is_mute(&self) -> bool {
        self.is_mute.load(Ordering::Relaxed)
    }

    pub fn mute(&self) {
        self.is_mute.store(true, Ordering::Relaxed);
    }

    /// Something takes its time on its way.
    pub fn latency(&self, random: &mut Random) -> Duration {
        random.millis(1, self.plan.latency_ms + 1)
    }

    /// Waits for something to be on its way.
    pub async fn travel(&self, random: &Mutex<Random>) {
        let latency = self.latency(&mut locked(random));
        sleep(latency).await;
    }
}

/// A process's clock, which may be wrong by some seconds.
pub(crate) struct SimClock {
    sim: Arc<Sim>,
    skew_ms: i64,
}

impl SimClock {
    pub fn new(sim: Arc<Sim>, number: usize) -> Self {
        let skew = sim.random(Part::Clock, number).next() % 6_000;
        Self { sim, skew_ms: i64::try_from(skew).unwrap_or(0) - 3_000 }
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.sim.now().0 + self.skew_ms)
    }
}

/// Ids from a seed. Where a rate says so, minting panics, as it may where randomness has run out.
pub(crate) struct SimIds {
    sim: Arc<Sim>,
    random: Mutex<Random>,
    may_panic: bool,
}

impl SimIds {
    pub fn new(sim: Arc<Sim>, number: usize, may_panic: bool) -> Self {
        let random = Mutex::new(sim.random(Part::Ids, number));
        Self { sim, random, may_panic }
    }
}

impl Ids for SimIds {
    fn mint(&self) -> Uuid {
        let mut random = locked(&self.random);
        if self.may_panic && random.hits(self.sim.rates().decide_panics) {
            drop(random);
            self.sim.tell(format_args!("minting an id panics"));
            // Without the hook that prints: this one is meant.
            std::panic::resume_unwind(Box::new("no randomness left"));
        }
        random.uuid()
    }
}
