//! A worker as a process: it starts, works, crashes at some point, and starts again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::core::{Core, CorePorts};
use sockbit_application::mutex::locked;
use sockbit_application::worker::Worker;

use crate::bus::{Broker, Uplink, WorkerBus};
use crate::database::{Database, WorkerStore};
use crate::planted_bugs;
use crate::process_lifetime::{CrashPoint, Lifetime};
use crate::random::{Random, RandomStream};
use crate::run_context::{RunContext, SimulatedClock, SimulatedIds};
use crate::worker_ports::WorkerPorts;

/// More than the restarts in any run.
const LIFETIMES_MAX: usize = 1_000;

/// One worker over all its restarts.
pub(crate) struct WorkerProcess {
    context: Arc<RunContext>,
    broker: Arc<Broker>,
    database: Arc<Database>,
    number: usize,
    random: Mutex<Random>,
    running: Mutex<RunningProcess>,
}

/// The process that runs now, and which of its connections are cut.
#[derive(Clone, Default)]
struct RunningProcess {
    lifetime: Arc<Lifetime>,
    bus_is_cut: Arc<AtomicBool>,
    store_is_cut: Arc<AtomicBool>,
}

impl WorkerProcess {
    pub fn new(
        context: &Arc<RunContext>,
        broker: &Arc<Broker>,
        database: &Arc<Database>,
        number: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            context: Arc::clone(context),
            broker: Arc::clone(broker),
            database: Arc::clone(database),
            number,
            random: Mutex::new(context.random(RandomStream::WorkerBus, number)),
            running: Mutex::default(),
        })
    }

    /// Restarts the process until the run ends.
    pub async fn run(self: Arc<Self>) {
        for lifetime in 0..LIFETIMES_MAX {
            self.run_once(self.number * LIFETIMES_MAX + lifetime).await;
            // The broker notices a vanished host only after a while.
            let pause = locked(&self.random).millis(0, 3_000);
            self.context.pause(pause).await;
            self.broker.disconnect_worker(self.number);
            let pause = locked(&self.random).millis(20, 3_000);
            self.context.pause(pause).await;
        }
    }

    async fn run_once(&self, number: usize) {
        let running = RunningProcess::default();
        *locked(&self.running) = running.clone();
        let worker = self.worker(&running, number);
        self.broker.connect_worker(self.number);
        let task = tokio::spawn(async move { worker.run().await });
        let abort = task.abort_handle();
        tokio::select! {
            biased;
            () = running.lifetime.ended() => {}
            _ = task => self.context.fault(format!("worker {} ended by itself", self.number)),
        }
        self.context.log(format_args!("worker {}: crashed", self.number));
        locked(&self.context.observations).counts.worker_crashes += 1;
        abort.abort();
    }

    fn worker(&self, running: &RunningProcess, number: usize) -> Worker {
        let ports =
            planted_bugs::worker(&self.context, &self.database, self.ports(running, number));
        let clock = SimulatedClock::new(Arc::clone(&self.context), self.number);
        let core = CorePorts {
            decisions: ports.decisions,
            reads: ports.reads,
            health: ports.health,
            announcer: ports.announcer,
            clock: Arc::new(clock),
            ids: Arc::new(SimulatedIds::new(Arc::clone(&self.context), 1_000_000 + number, true)),
        };
        let core = Arc::new(Core::new(core, planted_bugs::limits(&self.context)));
        Worker::new(core, ports.work, ports.queries)
    }

    fn ports(&self, running: &RunningProcess, number: usize) -> WorkerPorts {
        let redelivered = Arc::default();
        let end = Arc::new(WorkerBus {
            context: Arc::clone(&self.context),
            broker: Arc::clone(&self.broker),
            number: self.number,
            lifetime: Arc::clone(&running.lifetime),
            uplink: Uplink::new(),
            random: Arc::new(Mutex::new(
                self.context.random(RandomStream::WorkerBus, 1_000 + number),
            )),
            is_cut: Arc::clone(&running.bus_is_cut),
            new: Mutex::default(),
            redelivered: Arc::clone(&redelivered),
        });
        let store = WorkerStore {
            context: Arc::clone(&self.context),
            database: Arc::clone(&self.database),
            lifetime: Arc::clone(&running.lifetime),
            random: Mutex::new(self.context.random(RandomStream::Store, number)),
            is_cut: Arc::clone(&running.store_is_cut),
            redelivered,
        };
        let store = Arc::new(store);
        WorkerPorts {
            decisions: Arc::clone(&store) as _,
            reads: Arc::clone(&store) as _,
            health: store,
            announcer: Arc::clone(&end) as _,
            work: Arc::clone(&end) as _,
            queries: end as _,
        }
    }

    fn running(&self) -> RunningProcess {
        locked(&self.running).clone()
    }

    /// The process will crash when it next reaches this point.
    pub fn crash_at(&self, crash_point: CrashPoint) {
        self.context.log(format_args!("worker {}: will crash at {crash_point:?}", self.number));
        self.running().lifetime.crash_at(crash_point);
    }

    pub fn crash(&self) {
        self.running().lifetime.end();
    }

    pub fn cancel_crash(&self) {
        self.running().lifetime.cancel_crash();
    }

    /// Cuts the connection to the broker, which notices after a while.
    pub async fn disconnect_from_bus(&self, pause: Duration, missed_after: Duration) {
        let running = self.running();
        self.context.log(format_args!("worker {}: loses the bus", self.number));
        running.bus_is_cut.store(true, Ordering::Relaxed);
        self.context.pause(missed_after.min(pause)).await;
        if missed_after < pause && !running.lifetime.has_ended() {
            self.broker.disconnect_worker(self.number);
            self.context.pause(pause.saturating_sub(missed_after)).await;
        }
        running.bus_is_cut.store(false, Ordering::Relaxed);
        if !running.lifetime.has_ended() {
            self.broker.connect_worker(self.number);
        }
    }

    /// Cuts the connection to the database for a while.
    pub async fn disconnect_from_store(&self, pause: Duration) {
        let running = self.running();
        self.context.log(format_args!("worker {}: loses the store", self.number));
        running.store_is_cut.store(true, Ordering::Relaxed);
        self.context.pause(pause).await;
        running.store_is_cut.store(false, Ordering::Relaxed);
    }
}
