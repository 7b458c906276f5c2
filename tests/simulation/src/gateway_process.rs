//! A gateway as a process: it starts, holds lines, crashes or drains, and starts again.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::gateway::{Gateway, GatewayPorts, Identity, Session, SessionOutput};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::bus::{Broker, Ear, GatewayEnd};
use crate::life::Life;
use crate::line::{Line, WRITE_WITHIN};
use crate::locked;
use crate::random::{Part, Random};
use crate::sabotage;
use crate::sim::{Sim, SimIds};

/// How long a peer may say nothing.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// More lives than a gateway has in any run, so that each life has a number of its own.
const LIVES_MAX: usize = 1_000;

/// One gateway, through all its lives.
pub(crate) struct GatewayProcess {
    sim: Arc<Sim>,
    broker: Arc<Broker>,
    number: usize,
    random: Mutex<Random>,
    present: Mutex<Option<Present>>,
}

/// The life that it lives now.
struct Present {
    gateway: Arc<Gateway>,
    ear: Arc<Ear>,
    life: Arc<Life>,
    lines: Vec<(Arc<Line>, AbortHandle)>,
}

impl GatewayProcess {
    pub fn new(sim: &Arc<Sim>, broker: &Arc<Broker>, number: usize) -> Arc<Self> {
        Arc::new(Self {
            sim: Arc::clone(sim),
            broker: Arc::clone(broker),
            number,
            random: Mutex::new(sim.random(Part::GatewayEnd, number)),
            present: Mutex::default(),
        })
    }

    /// Lives until the run ends, as often as it takes.
    pub async fn run(self: Arc<Self>) {
        for life in 0..LIVES_MAX {
            self.live(self.number * LIVES_MAX + life).await;
            let pause = locked(&self.random).millis(20, 4_000);
            self.sim.pause(pause).await;
        }
    }

    async fn live(&self, number: usize) {
        let life = Arc::new(Life::default());
        let ear = self.broker.gateway_came(number);
        let gateway = Gateway::new(self.ports(number, &ear, &life), sabotage::settings(&self.sim));
        let running = Arc::clone(&gateway);
        let running = tokio::spawn(async move { running.run().await });
        let abort = running.abort_handle();
        let present = Present { gateway, ear, life: Arc::clone(&life), lines: Vec::new() };
        *locked(&self.present) = Some(present);
        tokio::select! {
            biased;
            () = life.ended() => {}
            _ = running => self.sim.fault(format!("gateway {} ended by itself", self.number)),
        }
        abort.abort();
        self.broker.gateway_went(number);
        self.drop_lines();
    }

    fn ports(&self, number: usize, ear: &Arc<Ear>, life: &Arc<Life>) -> GatewayPorts {
        let end = Arc::new(GatewayEnd {
            sim: Arc::clone(&self.sim),
            broker: Arc::clone(&self.broker),
            ear: Arc::clone(ear),
            life: Arc::clone(life),
            random: Mutex::new(self.sim.random(Part::GatewayEnd, 1_000 + number)),
            presence_random: Mutex::new(self.sim.random(Part::Presence, number)),
        });
        sabotage::gateway(
            &self.sim,
            GatewayPorts {
                commands: Arc::clone(&end) as _,
                queries: Arc::clone(&end) as _,
                announcements: Arc::clone(&end) as _,
                presence: end as _,
                ids: Arc::new(SimIds::new(Arc::clone(&self.sim), number, false)),
            },
        )
    }

    /// The process is gone at once. Some of its clients are not even told.
    fn drop_lines(&self) {
        let Some(present) = locked(&self.present).take() else { return };
        let is_silent = locked(&self.random).percent(30);
        for (line, serving) in present.lines {
            serving.abort();
            if is_silent {
                line.die();
            } else {
                line.reset();
            }
        }
    }

    pub fn crash(&self) {
        if let Some(present) = &*locked(&self.present) {
            self.sim.tell(format_args!("gateway {}: crashes", self.number));
            locked(&self.sim.evidence).counts.gateway_crashes += 1;
            present.life.end();
        }
    }

    /// Ends as when it is told to: clients are sent elsewhere first.
    pub async fn drain(&self) {
        let Some((gateway, life)) = locked(&self.present)
            .as_ref()
            .map(|present| (Arc::clone(&present.gateway), Arc::clone(&present.life)))
        else {
            return;
        };
        self.sim.tell(format_args!("gateway {}: drains", self.number));
        gateway.drain().await;
        self.sim.pause(Duration::from_secs(2)).await;
        life.end();
    }

    /// Nothing comes through between it and the broker for a while.
    pub async fn be_cut_off(&self, pause: Duration, is_kept: bool) {
        let Some(ear) = locked(&self.present).as_ref().map(|it| Arc::clone(&it.ear)) else {
            return;
        };
        self.sim.tell(format_args!("gateway {}: is cut off", self.number));
        ear.cut();
        self.sim.pause(pause).await;
        ear.mend(is_kept);
    }

    /// A client knocks. Whether it is let in.
    pub fn connect(&self, identity: Identity, line: &Arc<Line>) -> bool {
        let mut present = locked(&self.present);
        let Some(present) = &mut *present else { return false };
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let Ok(session) = present.gateway.open(identity, address) else { return false };
        let (served, sim) = (Arc::clone(line), Arc::clone(&self.sim));
        let serving = tokio::spawn(async move { serve(&sim, session, &served).await });
        present.lines.push((Arc::clone(line), serving.abort_handle()));
        true
    }
}

/// Serves a session until either side ends it, as a transport does.
async fn serve(sim: &Sim, session: Session, line: &Line) {
    tokio::select! {
        biased;
        () = read(&session, line) => {}
        () = write(sim, &session, line) => {}
    }
    drop(session);
    line.up.reset();
    line.down.finish();
}

async fn read(session: &Session, line: &Line) {
    let mut pipeline = session.pipeline();
    loop {
        let heard = tokio::select! {
            biased;
            heard = timeout(SILENCE_MAX, line.up.receive()), if !pipeline.is_full() => heard,
            () = pipeline.complete_next() => continue,
        };
        match heard {
            Ok(Some(frame)) => pipeline.receive(&frame).await,
            // The pongs of a line that is dead do not come.
            Err(_) if !line.is_dead() => {}
            Ok(None) | Err(_) => return,
        }
    }
}

async fn write(sim: &Sim, session: &Session, line: &Line) {
    while let SessionOutput::Messages(frames) = session.next().await {
        for frame in frames {
            if timeout(WRITE_WITHIN, line.down.has_room()).await.is_err() {
                return;
            }
            if !sabotage::drops_frame(sim, &frame) {
                line.down.send(frame);
            }
        }
    }
}
