//! Faults of whole processes, at times that the seed chooses.

use std::sync::Arc;
use std::time::Duration;

use sockbit_application::mutex::locked;
use sockbit_application::ports::ReadStore;
use sockbit_domain::{BoardId, Seq};

use tokio::time::sleep;

use crate::bus::Broker;
use crate::compaction::compact;
use crate::database::{Database, now_or_panic};
use crate::gateway_process::GatewayProcess;
use crate::process_lifetime::CrashPoint;
use crate::random::{Random, RandomStream};
use crate::run_context::RunContext;
use crate::worker_process::WorkerProcess;

/// The processes that can fail.
#[derive(Clone)]
pub(crate) struct Processes {
    pub context: Arc<RunContext>,
    pub broker: Arc<Broker>,
    pub database: Arc<Database>,
    pub gateways: Vec<Arc<GatewayProcess>>,
    pub workers: Vec<Arc<WorkerProcess>>,
    pub boards: Vec<BoardId>,
}

#[derive(Clone, Copy)]
enum ProcessFault {
    WorkerCrash,
    GatewayCrash,
    GatewayDrain,
    GatewayCut,
    WorkerCut,
    Outage,
    HandOver,
    Forgetting,
    Restore,
    Compaction,
}

impl Processes {
    /// Starts a task for each planned fault.
    pub fn schedule_faults(&self) {
        let process_faults = self.context.parameters.process_faults;
        let faults = [
            (ProcessFault::WorkerCrash, process_faults.worker_crashes),
            (ProcessFault::GatewayCrash, process_faults.gateway_crashes),
            (ProcessFault::GatewayDrain, process_faults.gateway_drains),
            (ProcessFault::GatewayCut, process_faults.gateway_cuts),
            (ProcessFault::WorkerCut, process_faults.worker_cuts),
            (ProcessFault::Outage, process_faults.store_outages),
            (ProcessFault::HandOver, process_faults.hand_overs),
            (ProcessFault::Forgetting, process_faults.forgettings),
            (ProcessFault::Restore, process_faults.restores),
            (ProcessFault::Compaction, process_faults.compactions),
        ];
        let all = faults.iter().flat_map(|(fault, times)| (0..*times).map(|_| *fault));
        for (number, fault) in all.enumerate() {
            let processes = self.clone();
            let random = self.context.random(RandomStream::FaultSchedule, number);
            tokio::spawn(async move { processes.inject(fault, random).await });
        }
    }

    async fn inject(&self, fault: ProcessFault, mut random: Random) {
        let active = u64::try_from(self.context.parameters.active.as_millis()).unwrap_or(1);
        self.context.pause_active(random.millis(0, active)).await;
        if self.context.is_settling() {
            return;
        }
        let gateway = &self.gateways[random.below(self.gateways.len())];
        let worker = &self.workers[random.below(self.workers.len())];
        let pause = random.millis(100, 7_000);
        match fault {
            ProcessFault::WorkerCrash => match random.below(8) {
                0 => worker.crash(),
                _ => worker.crash_at(random.pick(&CrashPoint::ALL, CrashPoint::Committed)),
            },
            ProcessFault::GatewayCrash => gateway.crash(),
            ProcessFault::GatewayDrain => gateway.drain().await,
            ProcessFault::GatewayCut => {
                gateway.disconnect_from_bus(pause, random.percent(50)).await;
            }
            ProcessFault::WorkerCut if random.percent(30) => {
                worker.disconnect_from_store(pause).await;
            }
            ProcessFault::WorkerCut => {
                worker.disconnect_from_bus(pause, random.millis(500, 6_000)).await;
            }
            ProcessFault::Outage => self.outage(pause).await,
            ProcessFault::HandOver => self.broker.hand_over(),
            ProcessFault::Forgetting => self.forget(&mut random),
            ProcessFault::Restore => self.restore(&mut random).await,
            ProcessFault::Compaction => self.compact(&mut random).await,
        }
    }

    async fn outage(&self, pause: Duration) {
        locked(&self.context.observations).counts.outages += 1;
        self.database.go_offline();
        self.context.pause(pause).await;
        self.database.go_online();
    }

    fn forget(&self, random: &mut Random) {
        let board = self.boards[random.below(self.boards.len())];
        let heads = now_or_panic(self.database.store().heads(&[board]));
        let head = heads.unwrap_or_default().first().map_or(0, |(_, head)| head.seq.0);
        self.database.forget(board, Seq(head.saturating_sub(random.next() % 6)));
    }

    /// Compacts everything older than a moment or some seconds, including positions that clients
    /// still resume from.
    async fn compact(&self, random: &mut Random) {
        let after = random.pick(&[0, 0, 500, 3_000], 0);
        compact(
            &self.context,
            &self.database,
            Duration::from_millis(after),
            random.below(1_000_000),
        )
        .await;
    }

    /// Makes a backup and restores it later, most often while gateways keep running.
    async fn restore(&self, random: &mut Random) {
        self.database.back_up();
        self.context.pause(random.millis(200, 8_000)).await;
        self.database.go_offline();
        if random.percent(20) {
            self.gateways.iter().for_each(|it| it.crash());
        }
        sleep(random.millis(2_500, 7_000)).await;
        self.database.restore();
        self.database.go_online();
    }
}
