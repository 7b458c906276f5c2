//! Publishes on an endpoint's own connection, with and without confirms.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, ready};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};

use crate::broker_connection::BrokerError;
use crate::confirm_channel::CONFIRM_TIMEOUT;
use crate::outgoing_message::{OutgoingMessage, PublishResult};
use crate::publish_pipeline::{
    CONNECTION_TIMEOUT, Preparation, PublishPipeline, QueuedBatch, ResultSender, count_unconfirmed,
};
use crate::publishing_connection::{PublishingChannels, PublishingConnection, check_unblocked};
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::{LiveConnection, SupervisedConnection};

/// Messages that are queued or unconfirmed. The callers have lower limits of their own.
const MESSAGES_MAX: u32 = 8_192;
const BYTES_MAX: u32 = 128 * 1024 * 1024;
/// How long the last messages are published and confirmed once the endpoint shuts down.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// One result for each message of a batch.
pub(crate) type PublishResults = BoxFuture<'static, Vec<PublishResult>>;

/// Publishes messages on a supervised connection.
#[derive(Clone)]
pub(crate) struct Publisher {
    connection: Arc<SupervisedConnection<PublishingConnection>>,
    queue: mpsc::UnboundedSender<QueuedBatch>,
    receiver: Arc<Mutex<mpsc::UnboundedReceiver<QueuedBatch>>>,
    messages: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    shutdown: ShutdownSignal,
    connection_shutdown: ShutdownSignal,
}

impl Publisher {
    /// Opens the first connection. [`Self::supervise`] keeps it from then on.
    pub async fn open(
        settings: Arc<Settings>,
        shutdown: ShutdownSignal,
    ) -> Result<Self, BrokerError> {
        let role = PublishingConnection { settings: Arc::clone(&settings) };
        // The connection shuts down last: what is queued is still published.
        let connection_shutdown = ShutdownSignal::new();
        let opening = SupervisedConnection::open(role, settings, connection_shutdown.clone());
        let (connection, (queue, receiver)) = (opening.await?, mpsc::unbounded_channel());
        Ok(Self {
            connection,
            queue,
            receiver: Arc::new(Mutex::new(receiver)),
            messages: Arc::new(Semaphore::new(MESSAGES_MAX as usize)),
            bytes: Arc::new(Semaphore::new(BYTES_MAX as usize)),
            shutdown,
            connection_shutdown,
        })
    }

    /// Publishes what is queued and reconnects, until the endpoint shuts down.
    pub async fn supervise(&self) {
        let publishing = async {
            let mut queue = self.receiver.lock().await;
            let mut pipeline = PublishPipeline::new(Arc::clone(&self.connection));
            tokio::select! {
                () = pipeline.run(&mut queue, &self.shutdown) => {}
                () = self.drain_deadline() => queue.close(),
            }
            self.connection_shutdown.enter(Phase::Draining);
        };
        tokio::join!(self.connection.supervise(), publishing);
    }

    async fn drain_deadline(&self) {
        self.shutdown.reached(Phase::Draining).await;
        tokio::select! {
            () = self.shutdown.reached(Phase::Aborted) => {}
            () = sleep(DRAIN_TIMEOUT) => {}
        }
    }

    /// Queues messages. They are published in the order of the calls.
    pub fn publish(&self, messages: Vec<OutgoingMessage>) -> PublishResults {
        self.publish_after(Box::pin(ready(Ok(()))), messages)
    }

    /// Queues messages that are published after this preparation, and refused if it fails. Later
    /// messages wait for it.
    pub fn publish_after(
        &self,
        preparation: Preparation,
        messages: Vec<OutgoingMessage>,
    ) -> PublishResults {
        let count = messages.len();
        if count == 0 {
            return Box::pin(ready(Vec::new()));
        }
        let refused = |reason: &str| {
            let result = PublishResult::Refused(reason.to_owned());
            Box::pin(ready(vec![result; count])) as PublishResults
        };
        let Some(room) = self.room_for(&messages) else {
            return refused("too many messages wait to be published");
        };
        let (sender, received) = oneshot::channel();
        let results = ResultSender { sender, room };
        let queued_at = Instant::now();
        if self.queue.send(QueuedBatch { preparation, messages, queued_at, results }).is_err() {
            return refused("the bus is closed");
        }
        Box::pin(async move {
            let lost = || vec![PublishResult::Unknown("the bus was closed".to_owned()); count];
            received.await.unwrap_or_else(|_| lost())
        })
    }

    fn room_for(&self, messages: &[OutgoingMessage]) -> Option<[OwnedSemaphorePermit; 2]> {
        // A batch larger than a limit takes all of it.
        let within = |size: usize, max| u32::try_from(size).unwrap_or(max).min(max);
        let count = within(messages.len(), MESSAGES_MAX);
        let bytes = within(messages.iter().map(OutgoingMessage::bytes).sum(), BYTES_MAX);
        let count = Arc::clone(&self.messages).try_acquire_many_owned(count).ok()?;
        let bytes = Arc::clone(&self.bytes).try_acquire_many_owned(bytes).ok()?;
        Some([count, bytes])
    }

    /// Publishes a dead letter. A missing confirm does not make the connection fail.
    pub async fn publish_dead_letter(&self, message: OutgoingMessage) -> PublishResult {
        let publishing = async {
            let live = match self.ready().await {
                Ok(live) => live,
                Err(reason) => return vec![PublishResult::Refused(reason)],
            };
            let mut channel = live.channels.dead_letters.lock().await;
            let results = channel.publish(vec![message]).await;
            if !channel.is_open() {
                live.report_failure("a confirm channel was closed");
            }
            results
        };
        let results = timeout(CONFIRM_TIMEOUT, publishing).await.unwrap_or_default();
        count_unconfirmed(&results);
        let timed_out = || PublishResult::Unknown(BrokerError::Timeout.to_string());
        results.into_iter().next().unwrap_or_else(timed_out)
    }

    /// Publishes one message without waiting for a confirm.
    pub async fn publish_unconfirmed(&self, message: OutgoingMessage) -> Result<(), String> {
        let live = self.ready().await?;
        match timeout(CONFIRM_TIMEOUT, message.publish_on(&live.channels.unconfirmed)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                live.report_failure(&error.to_string());
                Err(error.to_string())
            }
            Err(_) => Err("RabbitMQ did not accept a message in time".to_owned()),
        }
    }

    /// Why nothing can be published now.
    pub fn health(&self) -> Result<(), String> {
        let live = self.connection.current().ok_or_else(|| self.connection.error())?;
        check_unblocked(&live)
    }

    async fn ready(&self) -> Result<Arc<LiveConnection<PublishingChannels>>, String> {
        let live = self.connection.wait_until_connected(CONNECTION_TIMEOUT).await?;
        check_unblocked(&live)?;
        Ok(live)
    }
}
