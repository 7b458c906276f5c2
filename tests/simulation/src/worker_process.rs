//! A worker as a process: it starts, works, crashes at some moment, and starts again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::core::{Core, CorePorts};
use sockbit_application::ports::{Announcer, QueryQueue, Store, WorkQueue};
use sockbit_application::worker::Worker;

use crate::bus::{Broker, WorkerEnd};
use crate::life::{Life, Moment};
use crate::locked;
use crate::random::{Part, Random};
use crate::sabotage;
use crate::sim::{Sim, SimClock, SimIds};
use crate::store::{StoreEnd, Vault};

/// More lives than a worker has in any run.
const LIVES_MAX: usize = 1_000;

/// One worker, through all its lives.
pub(crate) struct WorkerProcess {
    sim: Arc<Sim>,
    broker: Arc<Broker>,
    vault: Arc<Vault>,
    number: usize,
    random: Mutex<Random>,
    present: Mutex<Present>,
}

/// The life that it lives now, and which of its lines are cut.
#[derive(Clone, Default)]
struct Present {
    life: Arc<Life>,
    bus_is_cut: Arc<AtomicBool>,
    store_is_cut: Arc<AtomicBool>,
}

/// What a worker is made of.
pub(crate) struct WorkerPorts {
    pub store: Arc<dyn Store>,
    pub announcer: Arc<dyn Announcer>,
    pub work: Arc<dyn WorkQueue>,
    pub questions: Arc<dyn QueryQueue>,
}

impl WorkerProcess {
    pub fn new(
        sim: &Arc<Sim>,
        broker: &Arc<Broker>,
        vault: &Arc<Vault>,
        number: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            sim: Arc::clone(sim),
            broker: Arc::clone(broker),
            vault: Arc::clone(vault),
            number,
            random: Mutex::new(sim.random(Part::WorkerEnd, number)),
            present: Mutex::default(),
        })
    }

    /// Lives until the run ends, as often as it takes.
    pub async fn run(self: Arc<Self>) {
        for life in 0..LIVES_MAX {
            self.live(self.number * LIVES_MAX + life).await;
            // A host that vanished is missed only after a while.
            let pause = locked(&self.random).millis(0, 3_000);
            self.sim.pause(pause).await;
            self.broker.worker_went(self.number);
            let pause = locked(&self.random).millis(20, 3_000);
            self.sim.pause(pause).await;
        }
    }

    async fn live(&self, number: usize) {
        let present = Present::default();
        *locked(&self.present) = present.clone();
        let worker = self.worker(&present, number);
        self.broker.worker_came(self.number);
        let running = tokio::spawn(async move { worker.run().await });
        let abort = running.abort_handle();
        tokio::select! {
            biased;
            () = present.life.ended() => {}
            _ = running => self.sim.fault(format!("worker {} ended by itself", self.number)),
        }
        self.sim.tell(format_args!("worker {}: crashed", self.number));
        locked(&self.sim.evidence).counts.worker_crashes += 1;
        abort.abort();
    }

    fn worker(&self, present: &Present, number: usize) -> Worker {
        let ports = sabotage::worker(&self.sim, &self.vault, self.ports(present, number));
        let clock = SimClock::new(Arc::clone(&self.sim), self.number);
        let core = CorePorts {
            store: ports.store,
            announcer: ports.announcer,
            clock: Arc::new(clock),
            ids: Arc::new(SimIds::new(Arc::clone(&self.sim), 1_000_000 + number, true)),
        };
        let core = Arc::new(Core::new(core, self.sim.plan.limits.clone()));
        Worker::new(core, ports.work, ports.questions)
    }

    fn ports(&self, present: &Present, number: usize) -> WorkerPorts {
        let delivered_again = Arc::default();
        let end = Arc::new(WorkerEnd {
            sim: Arc::clone(&self.sim),
            broker: Arc::clone(&self.broker),
            number: self.number,
            life: Arc::clone(&present.life),
            random: Mutex::new(self.sim.random(Part::WorkerEnd, 1_000 + number)),
            is_cut: Arc::clone(&present.bus_is_cut),
            delivered_again: Arc::clone(&delivered_again),
        });
        let store = StoreEnd {
            sim: Arc::clone(&self.sim),
            vault: Arc::clone(&self.vault),
            life: Arc::clone(&present.life),
            random: Mutex::new(self.sim.random(Part::Store, number)),
            is_cut: Arc::clone(&present.store_is_cut),
            delivered_again,
        };
        WorkerPorts {
            store: Arc::new(store),
            announcer: Arc::clone(&end) as _,
            work: Arc::clone(&end) as _,
            questions: end as _,
        }
    }

    fn present(&self) -> Present {
        locked(&self.present).clone()
    }

    /// The process will die when it next comes to this moment.
    pub fn doom(&self, moment: Moment) {
        self.sim.tell(format_args!("worker {}: will crash at {moment:?}", self.number));
        self.present().life.doom(moment);
    }

    pub fn crash(&self) {
        self.present().life.end();
    }

    pub fn pardon(&self) {
        self.present().life.pardon();
    }

    /// Nothing comes through between it and the broker, which misses it after a while.
    pub async fn be_cut_off_the_bus(&self, pause: Duration, missed_after: Duration) {
        let present = self.present();
        self.sim.tell(format_args!("worker {}: is cut off the bus", self.number));
        present.bus_is_cut.store(true, Ordering::Relaxed);
        self.sim.pause(missed_after.min(pause)).await;
        if missed_after < pause && !present.life.is_over() {
            self.broker.worker_went(self.number);
            self.sim.pause(pause.saturating_sub(missed_after)).await;
        }
        present.bus_is_cut.store(false, Ordering::Relaxed);
        if !present.life.is_over() {
            self.broker.worker_came(self.number);
        }
    }

    /// Nothing comes through between it and the database for a while.
    pub async fn be_cut_off_the_store(&self, pause: Duration) {
        let present = self.present();
        self.sim.tell(format_args!("worker {}: is cut off the store", self.number));
        present.store_is_cut.store(true, Ordering::Relaxed);
        self.sim.pause(pause).await;
        present.store_is_cut.store(false, Ordering::Relaxed);
    }
}
