//! One worker's endpoint: its connections, its health and its ports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::{Announcement, CommandEnvelope, OutcomeEnvelope};
use sockbit_application::byte_batches::split_by_bytes;
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{
    Announcer, Clock, Confirm, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable,
    WorkQueue, ready_confirm,
};
use sockbit_application::slot::Slot;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::consumer_connection::ConsumerConnection;
use super::worker_state::WorkerState;
use crate::broker_connection::BrokerError;
use crate::connect_error::ConnectError;
use crate::dead_letters::DeadLetterPublisher;
use crate::names::{gateway_key, slot_key, work_queue_of};
use crate::outgoing_message::{OutgoingMessage, PublishResult};
use crate::publisher::Publisher;
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::SupervisedConnection;

/// A gateway prefetches many messages.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
const OUTCOMES_MAX: usize = 512;

/// The ports of one worker. When it is dropped, deliveries that it has not acknowledged go to
/// another worker.
pub struct WorkerEndpoint {
    state: Arc<WorkerState>,
    consuming: Arc<SupervisedConnection<ConsumerConnection>>,
    shutdown: ShutdownSignal,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

/// Connects a worker. It returns once all connections are open; each is re-established whenever it
/// is lost, until the endpoint is closed or dropped.
pub async fn connect_worker(
    settings: Settings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<WorkerEndpoint>, ConnectError> {
    let settings = Arc::new(settings);
    let opening = WorkerEndpoint::open(Arc::clone(&settings), clock);
    opening.await.map(Arc::new).map_err(|error| ConnectError::new(&settings, &error))
}

impl WorkerEndpoint {
    async fn open(settings: Arc<Settings>, clock: Arc<dyn Clock>) -> Result<Self, BrokerError> {
        // The publisher shuts down last: work in progress is still announced and answered.
        let (shutdown, publisher_shutdown) = (ShutdownSignal::new(), ShutdownSignal::new());
        let publisher = Publisher::open(Arc::clone(&settings), publisher_shutdown.clone()).await?;
        let dead_letters = DeadLetterPublisher {
            settings: Arc::clone(&settings),
            publisher: publisher.clone(),
            clock,
        };
        let state = WorkerState::new(Arc::clone(&settings), publisher.clone(), dead_letters);
        let state = Arc::new(state);
        let role = ConsumerConnection { state: Arc::clone(&state) };
        let consuming = SupervisedConnection::open(role, settings, shutdown.clone()).await?;
        let supervisor = tokio::spawn({
            let consuming = Arc::clone(&consuming);
            async move {
                let consuming = async {
                    consuming.supervise().await;
                    publisher_shutdown.enter(Phase::Draining);
                };
                tokio::join!(consuming, publisher.supervise());
            }
        });
        Ok(Self { state, consuming, shutdown, supervisor: Mutex::new(Some(supervisor)) })
    }

    /// Why this worker cannot serve now.
    pub fn health(&self) -> Result<(), String> {
        self.state.publisher.health()?;
        self.consuming.current().ok_or_else(|| self.consuming.error())?;
        self.state.workers.check_work_queues(self.state.settings.work_queues)
    }

    /// The work queues that this worker consumes now.
    #[must_use]
    pub fn consumed_queues(&self) -> BTreeSet<u16> {
        self.state.consumed_queues()
    }

    /// The work queues that the broker cannot serve and that this worker must not delete.
    #[must_use]
    pub fn broken_queues(&self) -> BTreeSet<u16> {
        self.state.broken_queues()
    }

    /// Closes the endpoint: it takes nothing new, and work in progress has ten seconds to be
    /// announced, answered and acknowledged. Closing twice has no effect.
    pub async fn close(&self) {
        self.shutdown.enter(Phase::Draining);
        if let Some(supervisor) = self.supervisor.lock().await.take() {
            // A supervisor that panicked has ended as well.
            supervisor.await.ok();
        }
    }

    fn publish(&self, messages: Result<Vec<OutgoingMessage>, Unavailable>) -> Confirm<Unavailable> {
        let results = match messages {
            Ok(messages) => self.state.publisher.publish(messages),
            Err(error) => return ready_confirm(Err(error)),
        };
        Box::pin(async move {
            let mut results = results.await.into_iter();
            results.try_for_each(PublishResult::into_result).map_err(Unavailable)
        })
    }

    fn announcement_messages(
        &self,
        batch: Vec<Announcement>,
    ) -> Result<Vec<OutgoingMessage>, Unavailable> {
        let (exchange, kind) = (self.state.settings.names.announce(), MessageKind::Announcements);
        let mut messages = Vec::with_capacity(batch.len());
        for Announcement { slot, events } in batch {
            for events in split_by_bytes(events, MESSAGE_BYTES_MAX, json_bytes) {
                let body = self.sign(kind, &Announcement { slot, events })?;
                let key = slot_key(slot);
                messages.push(OutgoingMessage::transient(exchange.clone(), key, kind.name(), body));
            }
        }
        Ok(messages)
    }

    fn outcome_messages(
        &self,
        batch: Vec<OutcomeEnvelope>,
    ) -> Result<Vec<OutgoingMessage>, Unavailable> {
        let (exchange, kind) = (self.state.settings.names.announce(), MessageKind::Outcomes);
        let mut gateways: BTreeMap<Uuid, Vec<OutcomeEnvelope>> = BTreeMap::new();
        for outcome in batch {
            gateways.entry(outcome.to.gateway).or_default().push(outcome);
        }
        let mut messages = Vec::with_capacity(gateways.len());
        for (gateway, outcomes) in gateways {
            for outcomes in outcomes.chunks(OUTCOMES_MAX) {
                let body = self.sign(kind, &outcomes)?;
                let key = gateway_key(gateway);
                messages.push(OutgoingMessage::transient(exchange.clone(), key, kind.name(), body));
            }
        }
        Ok(messages)
    }

    fn sign<T: serde::Serialize>(
        &self,
        kind: MessageKind,
        message: &T,
    ) -> Result<Vec<u8>, Unavailable> {
        self.state.settings.sign(kind, message).map_err(Unavailable)
    }
}

impl Drop for WorkerEndpoint {
    fn drop(&mut self) {
        self.shutdown.enter(Phase::Aborted);
    }
}

#[async_trait]
impl WorkQueue for WorkerEndpoint {
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        self.shutdown.unless_begun(self.state.deliveries.take(commands_max)).await
    }

    async fn acknowledge(&self, tags: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        self.state.deliveries.acknowledge(&tags).await
    }

    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable> {
        let queue = work_queue_of(Slot::of(command.board), self.state.settings.work_queues);
        let origin = self.state.settings.names.work(queue);
        let body = self.sign(MessageKind::Commands, &[command])?;
        self.state.dead_letters.publish_failed(body, &origin, &reason).await.map_err(Unavailable)
    }
}

#[async_trait]
impl QueryQueue for WorkerEndpoint {
    async fn next(&self) -> Option<ReceivedQuery> {
        self.shutdown.unless_begun(self.state.queries.next()).await
    }
}

impl Announcer for WorkerEndpoint {
    fn announce(&self, batch: Vec<Announcement>) -> Confirm<Unavailable> {
        self.publish(self.announcement_messages(batch))
    }

    fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Confirm<Unavailable> {
        self.publish(self.outcome_messages(batch))
    }
}
