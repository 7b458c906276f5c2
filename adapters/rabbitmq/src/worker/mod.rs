//! The bus as a worker sees it.

mod consumer_connection;
mod consumer_set;
mod consumer_start;
mod delivery_inbox;
mod query_inbox;
mod queue_consumer;
mod worker_state;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::byte_batches::split_by_bytes;
use sockbit_application::envelope::{Announcement, CommandEnvelope, OutcomeEnvelope};
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{
    Announcer, Clock, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue,
};
use sockbit_application::seal::MessageKind;
use sockbit_application::slot::Slot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use self::consumer_connection::ConsumerConnection;
use self::worker_state::WorkerState;
use crate::connect_error::ConnectError;
use crate::dead_letters::DeadLetterPublisher;
use crate::publisher::{OutgoingMessage, PublishResult, Publisher};
use crate::settings::Settings;
use crate::supervised_connection::{Phase, ShutdownSignal, SupervisedConnection};
use crate::topology::{gateway_key, queue_of, slot_key};

/// A gateway that does not read holds many messages at once.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
const ANSWERS_MAX: usize = 512;

/// One worker's ports. What it has not acknowledged when it is dropped goes to another worker.
pub struct WorkerEndpoint {
    shared: Arc<WorkerState>,
    working: Arc<SupervisedConnection<ConsumerConnection>>,
    closing: ShutdownSignal,
    keeping: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// Connects a worker. The first connection is made before this returns; from then on, a lost one is
/// made anew until the end is closed or dropped.
pub async fn connect_worker(
    settings: Settings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<WorkerEndpoint>, ConnectError> {
    let settings = Arc::new(settings);
    let failed = |fault| ConnectError::new(&settings, &fault);
    // What is under way is announced and answered still while the worker leaves.
    let (closing, last) = (ShutdownSignal::new(), ShutdownSignal::new());
    let publisher = Publisher::establish(Arc::clone(&settings), last.clone());
    let publisher = publisher.await.map_err(failed)?;
    let dead = DeadLetterPublisher {
        settings: Arc::clone(&settings),
        publisher: publisher.clone(),
        clock,
    };
    let shared = Arc::new(WorkerState::new(Arc::clone(&settings), publisher.clone(), dead));
    let working = ConsumerConnection { shared: Arc::clone(&shared) };
    let working = SupervisedConnection::establish(working, Arc::clone(&settings), closing.clone());
    let working = working.await.map_err(failed)?;
    let keeping = tokio::spawn({
        let working = Arc::clone(&working);
        async move {
            let consuming = async {
                working.keep().await;
                last.set(Phase::Draining);
            };
            tokio::join!(consuming, publisher.keep());
        }
    });
    let keeping = tokio::sync::Mutex::new(Some(keeping));
    Ok(Arc::new(WorkerEndpoint { shared, working, closing, keeping }))
}

impl WorkerEndpoint {
    /// Why this worker cannot serve now.
    pub fn health(&self) -> Result<(), String> {
        self.shared.publisher.health()?;
        self.working.now().ok_or_else(|| self.working.fault())?;
        self.shared.roster.agree(self.shared.settings.work_queues)
    }

    /// The work queues that this worker consumes now.
    #[must_use]
    pub fn consumed_queues(&self) -> BTreeSet<u16> {
        self.shared.held()
    }

    /// Ends it: nothing more is taken, and what was taken gets ten seconds to be announced,
    /// answered and acknowledged. ShutdownSignal twice is once.
    pub async fn close(&self) {
        self.closing.set(Phase::Draining);
        if let Some(keeping) = self.keeping.lock().await.take() {
            // A supervisor that panicked is gone as well.
            keeping.await.ok();
        }
    }

    async fn publish(&self, parcels: Vec<OutgoingMessage>) -> Result<(), Unavailable> {
        let verdicts = self.shared.publisher.publish(parcels).await;
        verdicts.into_iter().try_for_each(PublishResult::taken).map_err(Unavailable)
    }

    fn sealed<T: serde::Serialize>(
        &self,
        kind: MessageKind,
        message: &T,
    ) -> Result<Vec<u8>, Unavailable> {
        let sealed = self.shared.settings.keys.seal(kind, message);
        sealed.map_err(|error| Unavailable(error.to_string()))
    }
}

impl Drop for WorkerEndpoint {
    fn drop(&mut self) {
        self.closing.set(Phase::Aborted);
    }
}

#[async_trait]
impl WorkQueue for WorkerEndpoint {
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        tokio::select! {
            biased;
            () = self.closing.reached(Phase::Draining) => None,
            taken = self.shared.inbox.take(commands_max) => Some(taken),
        }
    }

    async fn acknowledge(&self, receipts: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        self.shared.inbox.acknowledge(&receipts).await
    }

    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable> {
        tracing::error!(trace = %command.trace, id = %command.message, %reason, "set aside");
        let queue = queue_of(Slot::of(command.board), self.shared.settings.work_queues);
        let body = self.sealed(MessageKind::Commands, &[command])?;
        let origin = self.shared.settings.names.work(queue);
        self.shared.dead.put_failed(body, &origin, &reason).await.map_err(Unavailable)
    }
}

#[async_trait]
impl QueryQueue for WorkerEndpoint {
    async fn next(&self) -> Option<ReceivedQuery> {
        tokio::select! {
            biased;
            () = self.closing.reached(Phase::Draining) => None,
            asked = self.shared.asked.next(&self.shared) => Some(asked),
        }
    }
}

#[async_trait]
impl Announcer for WorkerEndpoint {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        let mut parcels = Vec::with_capacity(batch.len());
        for Announcement { slot, events } in batch {
            for events in split_by_bytes(events, MESSAGE_BYTES_MAX, json_bytes) {
                let body =
                    self.sealed(MessageKind::Announcements, &Announcement { slot, events })?;
                let exchange = self.shared.settings.names.announce();
                let kind = MessageKind::Announcements.name();
                parcels.push(OutgoingMessage::news(exchange, slot_key(slot), kind, body));
            }
        }
        self.publish(parcels).await
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        let mut gateways: BTreeMap<Uuid, Vec<OutcomeEnvelope>> = BTreeMap::new();
        for answered in batch {
            gateways.entry(answered.to.gateway).or_default().push(answered);
        }
        let mut parcels = Vec::with_capacity(gateways.len());
        for (gateway, answers) in gateways {
            for answers in answers.chunks(ANSWERS_MAX) {
                let body = self.sealed(MessageKind::Outcomes, &answers)?;
                let exchange = self.shared.settings.names.announce();
                let kind = MessageKind::Outcomes.name();
                parcels.push(OutgoingMessage::news(exchange, gateway_key(gateway), kind, body));
            }
        }
        self.publish(parcels).await
    }
}
