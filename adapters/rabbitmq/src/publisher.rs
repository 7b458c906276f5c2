//! The connection on which an endpoint publishes, with and without confirms.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{BoxFuture, ready};
use lapin::Channel;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::confirm_channel::ConfirmChannel;
use crate::outgoing_message::{OutgoingMessage, PublishResult};
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::{ConnectionRole, LiveConnection, SupervisedConnection};
use crate::topology;

/// How long a caller waits for a connection. The callers behind it wait as long.
pub(crate) const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
pub(crate) const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);

struct PublisherRole {
    settings: Arc<Settings>,
}

struct PublisherChannels {
    confirmed: Mutex<ConfirmChannel>,
    /// On a channel of their own, so that a dead-letter queue that does not confirm delays nothing
    /// else.
    dead_letters: Mutex<ConfirmChannel>,
    unconfirmed: Channel,
}

#[async_trait]
impl ConnectionRole for PublisherRole {
    type Channels = PublisherChannels;

    fn name(&self) -> &'static str {
        "publishing"
    }

    async fn set_up(
        &self,
        connection: &Arc<BrokerConnection>,
        _: u64,
    ) -> Result<PublisherChannels, BrokerError> {
        let unconfirmed = connection.open_channel().await?;
        topology::declare(&unconfirmed, &self.settings).await?;
        Ok(PublisherChannels {
            confirmed: Mutex::new(ConfirmChannel::open(connection).await?),
            dead_letters: Mutex::new(ConfirmChannel::open(connection).await?),
            unconfirmed,
        })
    }

    async fn serve(&self, _: &PublisherChannels, shutdown: &ShutdownSignal) -> String {
        shutdown.reached(Phase::Draining).await;
        String::new()
    }

    fn disconnected(&self, _: &PublisherChannels) {}
}

/// Publishes messages on a supervised connection.
#[derive(Clone)]
pub(crate) struct Publisher {
    connection: Arc<SupervisedConnection<PublisherRole>>,
    queue: mpsc::UnboundedSender<QueuedBatch>,
    receiver: Arc<Mutex<mpsc::UnboundedReceiver<QueuedBatch>>>,
    shutdown: ShutdownSignal,
}

/// What must be done before a batch is published.
pub(crate) type Preparation = BoxFuture<'static, Result<(), String>>;
/// One result for each message of a batch.
pub(crate) type PublishResults = BoxFuture<'static, Vec<PublishResult>>;

struct QueuedBatch {
    preparation: Preparation,
    messages: Vec<OutgoingMessage>,
    results: oneshot::Sender<Vec<PublishResult>>,
}

impl Publisher {
    /// Opens the first connection. [`Self::supervise`] keeps it from then on.
    pub async fn open(
        settings: Arc<Settings>,
        shutdown: ShutdownSignal,
    ) -> Result<Self, BrokerError> {
        let role = PublisherRole { settings: Arc::clone(&settings) };
        let connection = SupervisedConnection::open(role, settings, shutdown.clone()).await?;
        let (queue, receiver) = mpsc::unbounded_channel();
        Ok(Self { connection, queue, receiver: Arc::new(Mutex::new(receiver)), shutdown })
    }

    /// Publishes and reconnects, until the endpoint shuts down.
    pub async fn supervise(&self) {
        tokio::join!(self.connection.supervise(), self.publish_queued());
    }

    /// Queues messages, which are published in the order of the calls. Returns their results.
    pub fn publish(&self, messages: Vec<OutgoingMessage>) -> PublishResults {
        self.publish_after(Box::pin(ready(Ok(()))), messages)
    }

    /// Queues messages that are published after this preparation, and refused if it fails.
    pub fn publish_after(
        &self,
        preparation: Preparation,
        messages: Vec<OutgoingMessage>,
    ) -> PublishResults {
        let count = messages.len();
        if count == 0 {
            return Box::pin(ready(Vec::new()));
        }
        let (results, received) = oneshot::channel();
        let is_queued = self.queue.send(QueuedBatch { preparation, messages, results }).is_ok();
        Box::pin(async move {
            let closed = || PublishResult::Refused("the bus is closed".to_owned());
            if is_queued { received.await.ok() } else { None }
                .unwrap_or_else(|| vec![closed(); count])
        })
    }

    async fn publish_queued(&self) {
        let mut queue = self.receiver.lock().await;
        while let Some(Some(batch)) = self.shutdown.unless_begun(queue.recv()).await {
            let results = match batch.preparation.await {
                Ok(()) => self.publish_all(batch.messages).await,
                Err(reason) => vec![PublishResult::Refused(reason); batch.messages.len()],
            };
            // The caller may not wait for the results.
            batch.results.send(results).ok();
        }
        queue.close();
        while queue.try_recv().is_ok() {}
    }

    async fn publish_all(&self, messages: Vec<OutgoingMessage>) -> Vec<PublishResult> {
        let count = messages.len();
        let all = |result| vec![result; count];
        let live = match self.ready().await {
            Ok(live) => live,
            Err(reason) => return all(PublishResult::Refused(reason)),
        };
        let locking = timeout(CONFIRM_TIMEOUT, live.channels.confirmed.lock());
        let Ok(mut channel) = locking.await else {
            return all(PublishResult::Refused(
                "too many messages wait to be published".to_owned(),
            ));
        };
        let results = channel.publish(messages, CONFIRM_TIMEOUT).await;
        count_unconfirmed(&results);
        attribute_unconfirmed(&live, &mut channel, results).await
    }

    /// Publishes a dead letter. A missing confirm does not make the connection fail.
    pub async fn publish_dead_letter(&self, message: OutgoingMessage) -> PublishResult {
        let publishing = async {
            let live = match self.ready().await {
                Ok(live) => live,
                Err(reason) => return vec![PublishResult::Refused(reason)],
            };
            let mut channel = live.channels.dead_letters.lock().await;
            let results = channel.publish(vec![message], CONFIRM_TIMEOUT).await;
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

    async fn ready(&self) -> Result<Arc<LiveConnection<PublisherChannels>>, String> {
        let live = self.connection.wait_until_connected(CONNECTION_TIMEOUT).await?;
        check_unblocked(&live)?;
        Ok(live)
    }
}

fn check_unblocked(live: &LiveConnection<PublisherChannels>) -> Result<(), String> {
    if live.connection.is_blocked() {
        return Err("RabbitMQ blocks publishers: it is out of memory or disk space".to_owned());
    }
    Ok(())
}

/// Finds out whether a queue or the broker is the cause of missing confirms. Reports the connection
/// as failed if the broker is.
async fn attribute_unconfirmed(
    live: &LiveConnection<PublisherChannels>,
    channel: &mut ConfirmChannel,
    results: Vec<PublishResult>,
) -> Vec<PublishResult> {
    let are_all_known = !results.iter().any(PublishResult::is_unknown);
    // A blocked connection resumes once the broker has room again.
    if live.connection.is_blocked() || (are_all_known && channel.is_open()) {
        return results;
    }
    let are_some_known = !results.iter().all(PublishResult::is_unknown);
    if channel.is_open() && (are_some_known || channel.is_broker_confirming().await) {
        return results.into_iter().map(PublishResult::attributed_to_queue).collect();
    }
    if !live.connection.is_blocked() {
        live.report_failure("RabbitMQ confirms no message");
    }
    results
}

fn count_unconfirmed(results: &[PublishResult]) {
    let unconfirmed = results.iter().filter(|it| it.is_unknown()).count();
    if unconfirmed > 0 {
        let unconfirmed = u64::try_from(unconfirmed).unwrap_or(u64::MAX);
        metrics::counter!("sockbit_bus_unconfirmed_total").increment(unconfirmed);
    }
}
