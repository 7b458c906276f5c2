//! Publishes batches in the order in which they were queued, without waiting for the confirms of
//! earlier ones.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use crate::confirm_channel::{ConfirmChannel, PublishedBatch};
use crate::outgoing_message::{OutgoingMessage, PublishResult};
use crate::publishing_connection::{PublishingChannels, PublishingConnection, check_unblocked};
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::{LiveConnection, SupervisedConnection};

/// How long a batch waits for a connection.
pub(crate) const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a batch waits for those before it.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

/// What must be done before a batch is published.
pub(crate) type Preparation = BoxFuture<'static, Result<(), String>>;

/// A batch to publish.
pub(crate) struct QueuedBatch {
    pub preparation: Preparation,
    pub messages: Vec<OutgoingMessage>,
    pub queued_at: Instant,
    pub results: ResultSender,
}

/// Where the results of a batch go.
pub(crate) struct ResultSender {
    pub sender: oneshot::Sender<Vec<PublishResult>>,
    /// The room that the batch takes until it has its results.
    pub room: [OwnedSemaphorePermit; 2],
}

/// Writes batches and reports their results.
pub(crate) struct PublishPipeline {
    connection: Arc<SupervisedConnection<PublishingConnection>>,
    channel: Option<PipelineChannel>,
}

/// A channel and its connection.
struct PipelineChannel {
    live: Arc<LiveConnection<PublishingChannels>>,
    confirms: ConfirmChannel<ResultSender>,
}

impl PublishPipeline {
    pub fn new(connection: Arc<SupervisedConnection<PublishingConnection>>) -> Self {
        Self { connection, channel: None }
    }

    /// Publishes until the shutdown begins, and then what was queued before.
    pub async fn run(
        &mut self,
        queue: &mut mpsc::UnboundedReceiver<QueuedBatch>,
        shutdown: &ShutdownSignal,
    ) {
        let mut draining = std::pin::pin!(shutdown.reached(Phase::Draining));
        let (mut is_draining, mut is_queue_empty) = (false, false);
        while !(is_queue_empty && self.is_idle()) {
            tokio::select! {
                biased;
                () = &mut draining, if !is_draining => {
                    is_draining = true;
                    queue.close();
                }
                published = next_published(&mut self.channel) => {
                    if let Some(channel) = &mut self.channel {
                        channel.report(published).await;
                    }
                }
                batch = queue.recv(), if !is_queue_empty => match batch {
                    Some(batch) => self.write(batch).await,
                    None => is_queue_empty = true,
                },
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.channel.as_ref().is_none_or(|it| it.confirms.is_idle())
    }

    async fn write(&mut self, batch: QueuedBatch) {
        let QueuedBatch { preparation, messages, queued_at, results } = batch;
        match self.ready_channel(preparation, queued_at).await {
            Ok(channel) => channel.write(messages, results),
            Err(reason) => results.send(vec![PublishResult::Refused(reason); messages.len()]),
        }
    }

    async fn ready_channel(
        &mut self,
        preparation: Preparation,
        queued_at: Instant,
    ) -> Result<&mut ConfirmChannel<ResultSender>, String> {
        let waited = queued_at.elapsed();
        if waited > QUEUE_TIMEOUT {
            return Err("too many messages wait to be published".to_owned());
        }
        let within = CONNECTION_TIMEOUT.saturating_sub(waited);
        let live = self.connection.wait_until_connected(within).await?;
        check_unblocked(&live)?;
        preparation.await?;
        self.channel_on(live).await
    }

    /// The channel of this connection. A channel that cannot be used any longer is replaced.
    async fn channel_on(
        &mut self,
        live: Arc<LiveConnection<PublishingChannels>>,
    ) -> Result<&mut ConfirmChannel<ResultSender>, String> {
        let usable = self
            .channel
            .take_if(|it| Arc::ptr_eq(&it.live, &live) && !it.confirms.has_unconfirmed());
        let channel = match usable {
            Some(channel) => channel,
            None => self.open_channel(live).await?,
        };
        Ok(&mut self.channel.insert(channel).confirms)
    }

    async fn open_channel(
        &mut self,
        live: Arc<LiveConnection<PublishingChannels>>,
    ) -> Result<PipelineChannel, String> {
        let mut former = self.channel.take();
        let on_same_connection = former.as_mut().filter(|it| Arc::ptr_eq(&it.live, &live));
        let opened = match on_same_connection {
            Some(former) => former.confirms.replacement().await,
            None => ConfirmChannel::open(&live.connection).await,
        };
        if let Some(former) = former {
            tokio::spawn(former.report_all());
        }
        match opened {
            Ok(confirms) => Ok(PipelineChannel { live, confirms }),
            Err(error) => {
                live.report_failure(&error.to_string());
                Err(error.to_string())
            }
        }
    }
}

/// The next batches of a channel that have all their results.
async fn next_published(
    channel: &mut Option<PipelineChannel>,
) -> Vec<PublishedBatch<ResultSender>> {
    match channel {
        Some(channel) => channel.confirms.next().await,
        None => pending().await,
    }
}

impl PipelineChannel {
    async fn report(&mut self, published: Vec<PublishedBatch<ResultSender>>) {
        let has_unknown = |it: &PublishedBatch<_>| it.results.iter().any(PublishResult::is_unknown);
        let (unknown, known): (Vec<_>, Vec<_>) = published.into_iter().partition(has_unknown);
        for batch in known {
            batch.kept.send(batch.results);
        }
        if unknown.is_empty() {
            return;
        }
        let is_due_to_queues = self.is_broker_confirming().await;
        for PublishedBatch { results, kept } in unknown {
            kept.send(if is_due_to_queues {
                results.into_iter().map(PublishResult::attributed_to_queue).collect()
            } else {
                results
            });
        }
    }

    /// Whether the broker confirms other messages, so that the queues are the cause of missing
    /// confirms. If the broker is the cause, the connection is reported as failed.
    async fn is_broker_confirming(&mut self) -> bool {
        // A blocked connection resumes once the broker has room again.
        if self.live.connection.is_blocked() {
            return false;
        }
        if self.confirms.is_open() && self.confirms.is_broker_confirming().await {
            return true;
        }
        if !self.live.connection.is_blocked() {
            self.live.report_failure("RabbitMQ confirms no message");
        }
        false
    }

    /// Reports the remaining results of a channel that is used no longer.
    async fn report_all(mut self) {
        while !self.confirms.is_idle() {
            let published = self.confirms.next().await;
            self.report(published).await;
        }
    }
}

impl ResultSender {
    fn send(self, results: Vec<PublishResult>) {
        count_unconfirmed(&results);
        drop(self.room);
        // The caller may not wait for them.
        self.sender.send(results).ok();
    }
}

/// Counts the messages that the broker may have.
pub(crate) fn count_unconfirmed(results: &[PublishResult]) {
    let is_unconfirmed = |it: &&PublishResult| {
        matches!(it, PublishResult::Unknown(_) | PublishResult::QueueUnresponsive(_))
    };
    let unconfirmed = results.iter().filter(is_unconfirmed).count();
    if unconfirmed > 0 {
        let unconfirmed = u64::try_from(unconfirmed).unwrap_or(u64::MAX);
        metrics::counter!("sockbit_bus_unconfirmed_total").increment(unconfirmed);
    }
}
