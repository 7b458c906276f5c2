//! A channel with publisher confirms.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::ConfirmSelectOptions;
use lapin::types::ShortString;
use lapin::{Channel, Confirmation};
use tokio::time::{Instant, timeout, timeout_at};

use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::outgoing_message::{OutgoingMessage, PublishResult};

/// A healthy broker confirms an unroutable message at once.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
const REOPEN_TIMEOUT: Duration = Duration::from_secs(2);
/// No queue can have this name.
const NO_QUEUE: &str = "";

/// Publishes one batch at a time, so that returned messages belong to the current batch.
pub(crate) struct ConfirmChannel {
    connection: Arc<BrokerConnection>,
    channel: Channel,
    /// The id of the last message. No id is used twice on a connection, so that a message that is
    /// returned late is not taken for another one.
    last_id: u64,
    /// Whether the channel must be reopened before the next publish. If a queue is deleted and
    /// declared again, the broker still waits on this channel for the confirms of the deleted
    /// queue, and confirms nothing for the new one.
    has_unconfirmed: bool,
    has_failed: bool,
}

impl ConfirmChannel {
    pub async fn open(connection: &Arc<BrokerConnection>) -> Result<Self, BrokerError> {
        let channel = open_with_confirms(connection).await?;
        Ok(Self {
            connection: Arc::clone(connection),
            channel,
            last_id: 0,
            has_unconfirmed: false,
            has_failed: false,
        })
    }

    /// Whether messages can be published: the broker closes a channel after an error.
    pub fn is_open(&self) -> bool {
        !self.has_failed && self.channel.status().connected()
    }

    /// Publishes in order, then waits for all confirms. Returns one result for each message.
    pub async fn publish(
        &mut self,
        messages: Vec<OutgoingMessage>,
        within: Duration,
    ) -> Vec<PublishResult> {
        if self.has_unconfirmed
            && let Err(error) = self.reopen().await
        {
            self.has_failed = true;
            return vec![PublishResult::Refused(error.to_string()); messages.len()];
        }
        self.has_unconfirmed = true;
        let results = self.publish_all(messages, within).await;
        self.has_unconfirmed = results.iter().any(PublishResult::is_unknown);
        results
    }

    /// Whether the broker confirms at all. If it does, missing confirms are due to the queues.
    pub async fn is_broker_confirming(&mut self) -> bool {
        let probe = OutgoingMessage::transient_to_queue(NO_QUEUE.to_owned(), "probe", Vec::new());
        self.publish_all(vec![probe], PROBE_TIMEOUT).await == [PublishResult::Confirmed]
    }

    async fn reopen(&mut self) -> Result<(), BrokerError> {
        let opening = timeout(REOPEN_TIMEOUT, open_with_confirms(&self.connection));
        self.channel = opening.await.map_err(|_| BrokerError::Timeout)??;
        Ok(())
    }

    async fn publish_all(
        &mut self,
        messages: Vec<OutgoingMessage>,
        within: Duration,
    ) -> Vec<PublishResult> {
        let deadline = Instant::now() + within;
        let mut published = Vec::with_capacity(messages.len());
        for message in messages {
            self.last_id += 1;
            let id: ShortString = self.last_id.to_string().into();
            let message = message.with_properties(|it| it.with_message_id(id));
            let publishing = message.publish_on(&self.channel);
            published.push((self.last_id, before(deadline, publishing).await));
        }
        let mut confirmations = Vec::with_capacity(published.len());
        for (id, confirm) in published {
            confirmations.push(match confirm {
                Ok(confirm) => (id, before(deadline, confirm).await),
                Err(error) => (id, Err(error)),
            });
        }
        publish_results(confirmations)
    }
}

async fn open_with_confirms(connection: &BrokerConnection) -> Result<Channel, BrokerError> {
    let channel = connection.open_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

async fn before<T>(
    deadline: Instant,
    operation: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    Ok(timeout_at(deadline, operation).await.map_err(|_| BrokerError::Timeout)??)
}

fn publish_results(
    confirmations: Vec<(u64, Result<Confirmation, BrokerError>)>,
) -> Vec<PublishResult> {
    // The driver may attach a returned message to the confirmation of another message.
    let returned: Vec<(u64, String)> = confirmations
        .iter()
        .filter_map(|(_, confirmation)| returned_message(confirmation.as_ref().ok()?))
        .collect();
    let result = |(id, confirmation)| {
        let returned = returned.iter().find(|(returned, _)| *returned == id);
        match (returned, confirmation) {
            (Some((_, reason)), _) => PublishResult::Unroutable(reason.clone()),
            (None, Ok(Confirmation::Ack(_))) => PublishResult::Confirmed,
            (None, Ok(_)) => PublishResult::Refused("the queue is full".to_owned()),
            (None, Err(error)) => PublishResult::Unknown(BrokerError::to_string(&error)),
        }
    };
    confirmations.into_iter().map(result).collect()
}

/// The id of the returned message, and why it was returned.
fn returned_message(confirmation: &Confirmation) -> Option<(u64, String)> {
    let (Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned))) = confirmation
    else {
        return None;
    };
    let delivery = &returned.delivery;
    let id = delivery.properties.message_id().as_ref()?.as_str().parse().ok()?;
    Some((id, format!("no queue receives {}: {}", delivery.routing_key, returned.reply_text)))
}
