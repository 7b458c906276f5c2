//! What strikes whole processes, at moments that a seed chooses.

use std::sync::Arc;
use std::time::Duration;

use sockbit_domain::{BoardId, Seq};

use tokio::time::sleep;

use crate::bus::Broker;
use crate::compaction::compact;
use crate::gateway_process::GatewayProcess;
use crate::life::Moment;
use crate::locked;
use crate::random::{Part, Random};
use crate::sim::Sim;
use crate::store::{Vault, at_once};
use crate::worker_process::WorkerProcess;

/// The processes that may be struck.
#[derive(Clone)]
pub(crate) struct House {
    pub sim: Arc<Sim>,
    pub broker: Arc<Broker>,
    pub vault: Arc<Vault>,
    pub gateways: Vec<Arc<GatewayProcess>>,
    pub workers: Vec<Arc<WorkerProcess>>,
    pub boards: Vec<BoardId>,
}

#[derive(Clone, Copy)]
enum Strike {
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

impl House {
    /// Lets everything strike when its time comes.
    pub fn expose(&self) {
        let weather = self.sim.plan.weather;
        let strikes = [
            (Strike::WorkerCrash, weather.worker_crashes),
            (Strike::GatewayCrash, weather.gateway_crashes),
            (Strike::GatewayDrain, weather.gateway_drains),
            (Strike::GatewayCut, weather.gateway_cuts),
            (Strike::WorkerCut, weather.worker_cuts),
            (Strike::Outage, weather.store_outages),
            (Strike::HandOver, weather.hand_overs),
            (Strike::Forgetting, weather.forgettings),
            (Strike::Restore, weather.restores),
            (Strike::Compaction, weather.compactions),
        ];
        let all = strikes.iter().flat_map(|(strike, times)| (0..*times).map(|_| *strike));
        for (number, strike) in all.enumerate() {
            let house = self.clone();
            let random = self.sim.random(Part::Weather, number);
            tokio::spawn(async move { house.strike(strike, random).await });
        }
    }

    async fn strike(&self, strike: Strike, mut random: Random) {
        let active = u64::try_from(self.sim.plan.active.as_millis()).unwrap_or(1);
        self.sim.pause(random.millis(0, active)).await;
        if self.sim.is_healed() {
            return;
        }
        let gateway = &self.gateways[random.below(self.gateways.len())];
        let worker = &self.workers[random.below(self.workers.len())];
        let pause = random.millis(100, 7_000);
        match strike {
            Strike::WorkerCrash => match random.below(8) {
                0 => worker.crash(),
                _ => worker.doom(random.pick(&Moment::ALL, Moment::Committed)),
            },
            Strike::GatewayCrash => gateway.crash(),
            Strike::GatewayDrain => gateway.drain().await,
            Strike::GatewayCut => gateway.be_cut_off(pause, random.percent(50)).await,
            Strike::WorkerCut if random.percent(30) => worker.be_cut_off_the_store(pause).await,
            Strike::WorkerCut => {
                worker.be_cut_off_the_bus(pause, random.millis(500, 6_000)).await;
            }
            Strike::Outage => self.outage(pause).await,
            Strike::HandOver => self.broker.hand_over(),
            Strike::Forgetting => self.forget(&mut random),
            Strike::Restore => self.restore(&mut random).await,
            Strike::Compaction => self.compact(&mut random).await,
        }
    }

    async fn outage(&self, pause: Duration) {
        locked(&self.sim.evidence).counts.outages += 1;
        self.vault.go_away();
        self.sim.pause(pause).await;
        self.vault.come_back();
    }

    fn forget(&self, random: &mut Random) {
        let board = self.boards[random.below(self.boards.len())];
        let heads =
            at_once(sockbit_application::ports::Store::heads(&*self.vault.store(), &[board]));
        let head = heads.unwrap_or_default().first().map_or(0, |(_, head)| head.seq.0);
        self.vault.forget(board, Seq(head.saturating_sub(random.next() % 6)));
    }

    /// Somebody goes round and compacts what is older than a moment or some seconds, also what
    /// people stand on and have not heard of.
    async fn compact(&self, random: &mut Random) {
        let after = random.pick(&[0, 0, 500, 3_000], 0);
        compact(&self.sim, &self.vault, Duration::from_millis(after), random.below(1_000_000))
            .await;
    }

    /// A backup is made, and some time later restored, most often under running gateways.
    async fn restore(&self, random: &mut Random) {
        self.vault.back_up();
        self.sim.pause(random.millis(200, 8_000)).await;
        self.vault.go_away();
        if random.percent(20) {
            self.gateways.iter().for_each(|it| it.crash());
        }
        sleep(random.millis(2_500, 7_000)).await;
        self.vault.restore();
        self.vault.come_back();
    }
}
