//! One worker's endpoint: its connections, its health and its ports.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::{Announcement, CommandEnvelope, OutcomeEnvelope};
use sockbit_application::ports::{
    Announcer, Clock, Confirm, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable,
    WorkQueue, ready_confirm,
};
use sockbit_application::slot::Slot;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::consumer_connection::ConsumerConnection;
use super::result_messages::result_messages;
use super::worker_state::WorkerState;
use crate::broker_connection::BrokerError;
use crate::connect_error::ConnectError;
use crate::dead_letters::DeadLetterPublisher;
use crate::names::work_queue_of;
use crate::outgoing_message::PublishResult;
use crate::publisher::Publisher;
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::SupervisedConnection;

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
        let body =
            self.state.settings.sign(MessageKind::Commands, &[command]).map_err(Unavailable)?;
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
    fn publish(
        &self,
        announcements: Vec<Announcement>,
        outcomes: Vec<OutcomeEnvelope>,
    ) -> Confirm<Unavailable> {
        let results = match result_messages(&self.state.settings, announcements, outcomes) {
            Ok(messages) => self.state.publisher.publish(messages),
            Err(reason) => return ready_confirm(Err(Unavailable(reason))),
        };
        Box::pin(async move {
            let mut results = results.await.into_iter();
            results.try_for_each(PublishResult::into_result).map_err(Unavailable)
        })
    }
}
