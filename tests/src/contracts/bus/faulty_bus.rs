//! A bus that is right but for one fault.

mod gateway_end;
mod worker_end;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt;
use sockbit_application::envelope::{CommandEnvelope, CoreReply, OutcomeEnvelope, PresenceUpdate};
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Presence, Queries, QueryQueue, WorkQueue,
};
use sockbit_application::slot::Slot;
use tokio::sync::Notify;

use self::gateway_end::FaultyGateway;
use self::worker_end::FaultyWorker;
use super::fixtures::MANY;
use super::{Bus, GatewayPorts, InMemoryBus, WorkerPorts};

/// What a saboteur does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BusFault {
    None,
    ForgetsKeys,
    RewritesBodies,
    ForgetsWhatWaited,
    HearsOneGatewayOnly,
    AcceptsWhatItLoses,
    RepeatsDeliveries,
    DropsDeliveries,
    ReversesDeliveries,
    ReversesCommands,
    SplitsMessages,
    TakesOneByOne,
    TakesWithoutEnd,
    AcknowledgesAtOnce,
    AcknowledgesAll,
    NeverAcknowledges,
    CallsAllNew,
    KeepsWhatItTook,
    TakesAfterGivingUp,
    BuriesInSilence,
    DropsNews,
    RepeatsNews,
    ReversesNews,
    SwapsNews,
    ListensLate,
    HearsAllSlots,
    NeverUnlistens,
    AnswersEverybody,
    DropsAnswers,
    KeepsQuietAboutLosses,
    ForgetsWhichNotes,
    DropsPresence,
    LosesNewsForPresence,
    KeepsAllPresence,
    NeverAnswers,
    AnswersWithTheLast,
    AnswersWhoeverAsks,
    AsksTwice,
    FailsWithItsAsker,
    NeverCloses,
    ClosesLate,
    ClosesOnceOnly,
}

/// The bus in memory, with one fault.
pub struct FaultyBus {
    inner: InMemoryBus,
    all: Arc<All>,
}

/// What all ends of a faulty bus share.
struct All {
    fault: BusFault,
    gateways: AtomicU64,
    /// Outcomes, for every gateway to receive.
    outcomes: Mutex<Vec<OutcomeEnvelope>>,
    last_answer: Mutex<Option<CoreReply>>,
    answered: Notify,
    /// What was told of people, if that is kept.
    told: Mutex<VecDeque<PresenceUpdate>>,
    presences: AtomicUsize,
    /// Whether a query was cancelled.
    was_given_up: AtomicBool,
    is_closed: AtomicBool,
}

impl FaultyBus {
    /// A fresh bus with this fault.
    pub fn new(fault: BusFault) -> Self {
        let all = All {
            fault,
            gateways: AtomicU64::new(0),
            outcomes: Mutex::default(),
            last_answer: Mutex::default(),
            answered: Notify::new(),
            told: Mutex::default(),
            presences: AtomicUsize::new(0),
            was_given_up: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        Self { inner: InMemoryBus::default(), all: Arc::new(all) }
    }
}

#[async_trait]
impl Bus for FaultyBus {
    async fn gateway(&self) -> GatewayPorts {
        let inner = self.inner.gateway().await;
        if self.all.fault == BusFault::HearsAllSlots {
            for slot in 0..=255 {
                inner.announcements.subscribe(Slot(slot)).await.ok();
            }
        }
        let id = inner.id;
        let end = Arc::new(FaultyGateway::new(inner, Arc::clone(&self.all)));
        GatewayPorts {
            id,
            commands: Arc::clone(&end) as Arc<dyn Commands>,
            queries: Arc::clone(&end) as Arc<dyn Queries>,
            announcements: Arc::clone(&end) as Arc<dyn Announcements>,
            presence: end as Arc<dyn Presence>,
        }
    }

    async fn worker(&self) -> WorkerPorts {
        let inner = self.inner.worker().await;
        if self.all.fault == BusFault::ForgetsWhatWaited {
            while let Some(Some(deliveries)) = inner.work.take(MANY).now_or_never() {
                let tags = deliveries.into_iter().map(|it| it.tag).collect();
                inner.work.acknowledge(tags).await.ok();
            }
        }
        let end = Arc::new(FaultyWorker::new(inner, Arc::clone(&self.all)));
        WorkerPorts {
            work: Arc::clone(&end) as Arc<dyn WorkQueue>,
            queries: Arc::clone(&end) as Arc<dyn QueryQueue>,
            announcer: end as Arc<dyn Announcer>,
        }
    }

    async fn dead_letters(&self) -> Vec<(CommandEnvelope, String)> {
        self.inner.dead_letters().await
    }

    async fn close(&self) {
        let again = self.all.is_closed.swap(true, Ordering::Relaxed);
        assert!(!again || self.all.fault != BusFault::ClosesOnceOnly, "it is closed already");
        if self.all.fault != BusFault::NeverCloses {
            self.inner.close().await;
        }
    }
}
