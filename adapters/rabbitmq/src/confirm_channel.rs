//! A channel with publisher confirms, on which several batches are unconfirmed at a time.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, ready};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use lapin::options::{ChannelFlowOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation};
use tokio::time::{Instant, timeout, timeout_at};

use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::outgoing_message::{OutgoingMessage, PublishResult};

/// From writing a message to its confirm.
pub(crate) const CONFIRM_TIMEOUT: Duration = Duration::from_secs(5);
/// A healthy broker confirms an unroutable message at once.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
const REPLACE_TIMEOUT: Duration = Duration::from_secs(2);
/// No queue can have this name.
const NO_QUEUE: &str = "";

/// The confirm of the message with this id.
type Confirm = BoxFuture<'static, (usize, Result<Confirmation, BrokerError>)>;

/// Writes batches in order and collects their confirms. `T` is what the caller keeps with a batch.
pub(crate) struct ConfirmChannel<T> {
    connection: Arc<BrokerConnection>,
    channel: Channel,
    /// The id of the last message. Returned messages are identified by it.
    last_id: usize,
    confirms: FuturesUnordered<Confirm>,
    /// In the order of their ids.
    batches: Vec<WrittenBatch<T>>,
    last_confirm: Option<Instant>,
    has_unconfirmed: bool,
    has_failed: bool,
}

struct WrittenBatch<T> {
    first_id: usize,
    results: Vec<Option<PublishResult>>,
    kept: T,
}

/// A batch with one result for each message.
pub(crate) struct PublishedBatch<T> {
    pub results: Vec<PublishResult>,
    pub kept: T,
}

impl<T> ConfirmChannel<T> {
    pub async fn open(connection: &Arc<BrokerConnection>) -> Result<Self, BrokerError> {
        let channel = connection.open_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self {
            connection: Arc::clone(connection),
            channel,
            last_id: 0,
            confirms: FuturesUnordered::new(),
            batches: Vec::new(),
            last_confirm: None,
            has_unconfirmed: false,
            has_failed: false,
        })
    }

    /// A channel for what is published after everything that was written on this one.
    pub async fn replacement(&mut self) -> Result<Self, BrokerError> {
        let replacing = async {
            // The order of two channels is undefined. The reply follows the routing of all messages
            // that were written on this one.
            self.channel.channel_flow(ChannelFlowOptions { active: true }).await?;
            Self::open(&self.connection).await
        };
        timeout(REPLACE_TIMEOUT, replacing).await.map_err(|_| BrokerError::Timeout)?
    }

    /// Whether messages can be published: the broker closes a channel after an error.
    pub fn is_open(&self) -> bool {
        !self.has_failed && self.channel.status().connected()
    }

    /// Whether a confirm was missing, and the channel must be replaced before the next publish. If a
    /// queue is deleted and declared again, the broker still waits on this channel for the confirms
    /// of the deleted queue, and confirms nothing for the new one.
    pub fn has_unconfirmed(&self) -> bool {
        self.has_unconfirmed
    }

    /// Whether every message has its result.
    pub fn is_idle(&self) -> bool {
        self.batches.is_empty()
    }

    /// Writes a batch of at least one message. It does not wait for the socket or for confirms.
    pub fn write(&mut self, messages: Vec<OutgoingMessage>, kept: T) {
        let deadline = Instant::now() + CONFIRM_TIMEOUT;
        let (first_id, results) = (self.last_id + 1, vec![None; messages.len()]);
        self.batches.push(WrittenBatch { first_id, results, kept });
        for message in messages {
            let mut confirm = self.publish_before(deadline, message);
            // The first poll passes the message to the driver, which writes in the order of these
            // polls.
            let known = confirm.as_mut().now_or_never();
            self.confirms.push(match known {
                Some(result) => Box::pin(ready(result)),
                None => confirm,
            });
        }
    }

    fn publish_before(&mut self, deadline: Instant, message: OutgoingMessage) -> Confirm {
        self.last_id += 1;
        let (id, channel) = (self.last_id, self.channel.clone());
        let message = message.with_properties(|it| it.with_message_id(id.to_string().into()));
        let publishing = async move {
            let confirm = message.publish_on(&channel).await?;
            drop(message);
            confirm.await
        };
        Box::pin(async move {
            let confirmation = timeout_at(deadline, publishing).await;
            let error = |_| Err(BrokerError::Timeout);
            (id, confirmation.map_or_else(error, |it| it.map_err(BrokerError::from)))
        })
    }

    /// Waits for confirms. Returns the batches that have all their results. Cancel safe; never ready
    /// while no batch is unconfirmed.
    pub async fn next(&mut self) -> Vec<PublishedBatch<T>> {
        loop {
            let Some(first) = self.confirms.next().await else { return pending().await };
            let mut are_returned = self.record(first);
            while let Some(Some(next)) = self.confirms.next().now_or_never() {
                are_returned |= self.record(next);
            }
            // The driver may attach a returned message to the confirm of another message.
            if are_returned && !self.confirms.is_empty() {
                continue;
            }
            let published = self.take_published();
            if !published.is_empty() {
                return published;
            }
        }
    }

    /// Records the result of a message. Returns whether a returned message, this or another one,
    /// was attached to its confirm.
    fn record(&mut self, (id, confirmation): (usize, Result<Confirmation, BrokerError>)) -> bool {
        let returned = confirmation.as_ref().ok().and_then(returned_message);
        let are_returned = returned.is_some();
        if let Some((id, reason)) = returned {
            self.set_result(id, PublishResult::Unroutable(reason));
        }
        if confirmation.is_ok() {
            self.last_confirm = Some(Instant::now());
        }
        let result = match confirmation {
            Ok(Confirmation::Ack(_)) => PublishResult::Confirmed,
            Ok(_) => PublishResult::Refused("the queue is full".to_owned()),
            Err(error) => PublishResult::Unknown(error.to_string()),
        };
        self.has_unconfirmed |= result.is_unknown();
        self.set_result(id, result);
        are_returned
    }

    /// Sets the result of a message, unless the message was returned.
    fn set_result(&mut self, id: usize, result: PublishResult) {
        let batches = self.batches.partition_point(|it| it.first_id <= id);
        let batch = batches.checked_sub(1).and_then(|at| self.batches.get_mut(at));
        let slot = batch.and_then(|it| it.results.get_mut(id.checked_sub(it.first_id)?));
        if let Some(slot) = slot
            && !matches!(slot, Some(PublishResult::Unroutable(_)))
        {
            *slot = Some(result);
        }
    }

    fn take_published(&mut self) -> Vec<PublishedBatch<T>> {
        let published = self.batches.extract_if(.., |it| it.results.iter().all(Option::is_some));
        let published = published.map(|WrittenBatch { results, kept, .. }| PublishedBatch {
            results: results.into_iter().flatten().collect(),
            kept,
        });
        published.collect()
    }

    /// Whether the broker confirms at all. If it does, missing confirms are due to the queues.
    pub async fn is_broker_confirming(&mut self) -> bool {
        if self.last_confirm.is_some_and(|at| at.elapsed() < PROBE_TIMEOUT) {
            return true;
        }
        let probe = OutgoingMessage::transient_to_queue(NO_QUEUE.to_owned(), "probe", Vec::new());
        let probed = self.publish_before(Instant::now() + PROBE_TIMEOUT, probe).await;
        let is_confirmed = probed.1.is_ok();
        self.record(probed);
        is_confirmed
    }
}

impl ConfirmChannel<()> {
    /// Publishes one batch, and waits for its confirms. Returns one result for each message.
    pub async fn publish(&mut self, messages: Vec<OutgoingMessage>) -> Vec<PublishResult> {
        if messages.is_empty() {
            return Vec::new();
        }
        // A call that was cancelled has left a batch.
        if self.has_unconfirmed || !self.is_idle() {
            match self.replacement().await {
                Ok(replacement) => *self = replacement,
                Err(error) => {
                    self.has_failed = true;
                    return vec![PublishResult::Refused(error.to_string()); messages.len()];
                }
            }
        }
        self.write(messages, ());
        self.next().await.pop().map(|it| it.results).unwrap_or_default()
    }
}

/// The id of the returned message, and why it was returned.
fn returned_message(confirmation: &Confirmation) -> Option<(usize, String)> {
    let (Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned))) = confirmation
    else {
        return None;
    };
    let delivery = &returned.delivery;
    let id = delivery.properties.message_id().as_ref()?.as_str().parse().ok()?;
    Some((id, format!("no queue receives {}: {}", delivery.routing_key, returned.reply_text)))
}
