//! A bus that is right but for one trick.

mod gateway_end;
mod worker_end;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::FutureExt;
use sockbit_application::envelope::{CommandEnvelope, CoreReply, OutcomeEnvelope, PresenceUpdate};
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Presence, Queries, QueryQueue, WorkQueue,
};
use sockbit_application::slot::Slot;
use tokio::sync::Notify;

use self::gateway_end::SabotagedGateway;
use self::worker_end::SabotagedWorker;
use super::fixtures::MANY;
use super::{Bus, GatewayEnds, InMemory, WorkerEnds};

/// What a saboteur does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trick {
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

/// The bus in memory, with one trick.
pub struct Sabotaged {
    inner: InMemory,
    all: Arc<All>,
}

/// What all ends of a sabotaged bus share.
struct All {
    trick: Trick,
    gateways: AtomicU64,
    /// Outcomes, for everybody to hear.
    outcomes: Mutex<Vec<OutcomeEnvelope>>,
    last_answer: Mutex<Option<CoreReply>>,
    answered: Notify,
    /// What was told of people, if that is kept.
    told: Mutex<VecDeque<PresenceUpdate>>,
    presences: AtomicUsize,
    /// Whether somebody gave up asking.
    was_given_up: AtomicBool,
    is_closed: AtomicBool,
}

impl Sabotaged {
    /// A fresh bus with this trick.
    pub fn new(trick: Trick) -> Self {
        let all = All {
            trick,
            gateways: AtomicU64::new(0),
            outcomes: Mutex::default(),
            last_answer: Mutex::default(),
            answered: Notify::new(),
            told: Mutex::default(),
            presences: AtomicUsize::new(0),
            was_given_up: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        Self { inner: InMemory::default(), all: Arc::new(all) }
    }
}

#[async_trait]
impl Bus for Sabotaged {
    async fn gateway(&self) -> GatewayEnds {
        let inner = self.inner.gateway().await;
        if self.all.trick == Trick::HearsAllSlots {
            for slot in 0..=255 {
                inner.announcements.subscribe(Slot(slot)).await.ok();
            }
        }
        let id = inner.id;
        let end = Arc::new(SabotagedGateway::new(inner, Arc::clone(&self.all)));
        GatewayEnds {
            id,
            commands: Arc::clone(&end) as Arc<dyn Commands>,
            queries: Arc::clone(&end) as Arc<dyn Queries>,
            announcements: Arc::clone(&end) as Arc<dyn Announcements>,
            presence: end as Arc<dyn Presence>,
        }
    }

    async fn worker(&self) -> WorkerEnds {
        let inner = self.inner.worker().await;
        if self.all.trick == Trick::ForgetsWhatWaited {
            while let Some(Some(deliveries)) = inner.work.take(MANY).now_or_never() {
                let receipts = deliveries.into_iter().map(|it| it.receipt).collect();
                inner.work.acknowledge(receipts).await.ok();
            }
        }
        let end = Arc::new(SabotagedWorker::new(inner, Arc::clone(&self.all)));
        WorkerEnds {
            work: Arc::clone(&end) as Arc<dyn WorkQueue>,
            questions: Arc::clone(&end) as Arc<dyn QueryQueue>,
            announcer: end as Arc<dyn Announcer>,
        }
    }

    async fn buried(&self) -> Vec<(CommandEnvelope, String)> {
        self.inner.buried().await
    }

    async fn close(&self) {
        let again = self.all.is_closed.swap(true, Ordering::Relaxed);
        assert!(!again || self.all.trick != Trick::ClosesOnceOnly, "it is closed already");
        if self.all.trick != Trick::NeverCloses {
            self.inner.close().await;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
