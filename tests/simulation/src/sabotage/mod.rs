//! Bugs as wrappers around ports and seams: the product knows nothing of them.

mod announcer;
mod gateway_ports;
mod store;
mod tampering;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sockbit_application::gateway::{GatewayPorts, GatewaySettings};
use sockbit_application::ports::Store;
use sockbit_domain::MessageId;

use crate::sim::Sim;
use crate::store::Vault;
use crate::trick::Trick;
use crate::worker_process::WorkerPorts;

use announcer::SabotagedAnnouncer;
use gateway_ports::SabotagedGateway;
use store::SabotagedStore;
use work::SabotagedWork;

pub(crate) use tampering::Tampering;

/// What saboteurs remember during a run.
#[derive(Default)]
pub(crate) struct Memory {
    answered: Mutex<BTreeSet<MessageId>>,
    rewritten: Mutex<BTreeMap<MessageId, Box<serde_json::value::RawValue>>>,
    pages_on_their_way: AtomicUsize,
    compacted_away: Mutex<BTreeSet<MessageId>>,
}

/// A gateway's ports, with the trick of the run.
pub(crate) fn gateway(sim: &Arc<Sim>, ports: GatewayPorts) -> GatewayPorts {
    let sabotaged = Arc::new(SabotagedGateway::new(sim, &ports));
    match sim.trick {
        Trick::ResumesFromAnything
        | Trick::SkipsTheFirstOfAPage
        | Trick::DropsEventsWhileFilling => GatewayPorts { queries: sabotaged, ..ports },
        Trick::NeverComparesHeads => GatewayPorts { announcements: sabotaged, ..ports },
        Trick::HearsOfNobody => GatewayPorts { presence: sabotaged, ..ports },
        _ => ports,
    }
}

/// What a gateway is told to do, with the trick of the run.
pub(crate) fn settings(sim: &Sim) -> GatewaySettings {
    let settings = sim.plan.settings.clone();
    match sim.trick {
        Trick::NeverComparesHeads => {
            GatewaySettings { heads_every: Duration::from_hours(24), ..settings }
        }
        _ => settings,
    }
}

/// A worker's ports, with the trick of the run.
pub(crate) fn worker(sim: &Arc<Sim>, vault: &Arc<Vault>, ports: WorkerPorts) -> WorkerPorts {
    match sim.trick {
        Trick::ForgetsOutcomes
        | Trick::NumbersByItself
        | Trick::WritesOutcomesApart
        | Trick::WritesHalf
        | Trick::AnnouncesBeforeCommit
        | Trick::CompactsOutcomesAway => {
            let announcer = Some(Arc::clone(&ports.announcer));
            let (sim, vault) = (Arc::clone(sim), Arc::clone(vault));
            let store = SabotagedStore { sim, inner: ports.store, vault, announcer };
            WorkerPorts { store: Arc::new(store), ..ports }
        }
        Trick::AnswersOnce | Trick::AnswersTheOneBefore | Trick::SetsWholeBatchesAside => {
            let announcer = SabotagedAnnouncer::new(sim, ports.announcer);
            WorkerPorts { announcer: Arc::new(announcer), ..ports }
        }
        Trick::AcknowledgesAtOnce | Trick::ForgetsRedelivered | Trick::MergesTheOtherWayRound => {
            let (sim, vault) = (Arc::clone(sim), Arc::clone(vault));
            let work = SabotagedWork { sim, vault, inner: ports.work };
            WorkerPorts { work: Arc::new(work), ..ports }
        }
        _ => ports,
    }
}

/// What compaction works on, with the trick of the run.
pub(crate) fn compaction(
    sim: &Arc<Sim>,
    vault: &Arc<Vault>,
    inner: Arc<dyn Store>,
) -> Arc<dyn Store> {
    match sim.trick {
        Trick::CompactsOutcomesAway | Trick::CompactsAnEditAway => {
            let (sim, vault) = (Arc::clone(sim), Arc::clone(vault));
            Arc::new(SabotagedStore { sim, inner, vault, announcer: None })
        }
        _ => inner,
    }
}

/// Whether a frame to a client is lost between its session and its line.
pub(crate) fn drops_frame(sim: &Sim, frame: &Bytes) -> bool {
    sim.trick == Trick::DropsEventsWhileFilling
        && sim.memory.pages_on_their_way.load(Ordering::Relaxed) > 0
        && frame.starts_with(br#"{"v":1,"type":"event""#)
}
