//! Consumes the commands of external programs, which hold no connection to a gateway, and publishes
//! the replies.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, ShortString};
use lapin::{BasicProperties, Channel, Consumer};
use sockbit_application::bounded_inbox::BoundedInbox;
use sockbit_application::bus_messages::EncodedMessage;
use sockbit_application::mutex::locked;
use sockbit_application::ports::ExternalCommand;

use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::consumer_start::start_consumer;
use crate::outgoing_message::OutgoingMessage;
use crate::publisher::Publisher;
use crate::reply_guard::{ReplyGuard, Unanswered, UnsettledDelivery};
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::ConnectionRole;
use crate::topology;

/// It also bounds the number of commands in progress.
const PREFETCH: u16 = 64;
/// The header with the sender's token.
const TOKEN_HEADER: &str = "token";
/// The message type of replies to programs.
const REPLY_TYPE: &str = "answer";

/// The role of a gateway's connection to the intake queue.
pub(super) struct ExternalCommandConsumer {
    settings: Arc<Settings>,
    publisher: Publisher,
    commands: BoundedInbox<ExternalCommand>,
}

pub(super) struct ConsumerChannel {
    channel: Channel,
    consumer: Mutex<Option<Consumer>>,
}

impl ExternalCommandConsumer {
    pub fn new(settings: Arc<Settings>, publisher: Publisher) -> Self {
        let commands = BoundedInbox::new(PREFETCH.into(), usize::MAX);
        Self { settings, publisher, commands }
    }

    pub async fn next(&self) -> ExternalCommand {
        self.commands.next_item().await
    }

    fn receive(&self, channel: &Channel, mut delivery: Delivery) {
        let unsettled = UnsettledDelivery { channel: channel.clone(), tag: delivery.delivery_tag };
        let publisher = self.publisher.clone();
        let guard = ReplyGuard::new(publisher, unsettled, Unanswered::Requeue, None);
        let reply_to = self.reply_address(&delivery.properties);
        truncate(&mut delivery.data, self.settings.program_message_bytes_max);
        let command = ExternalCommand {
            token: token(&delivery.properties),
            message: delivery.data,
            reply: Box::new(move |reply| {
                guard.send(move || Ok(reply_to.map(|address| address.message(&reply))));
            }),
        };
        self.commands.push(command, 0);
    }

    fn reply_address(&self, properties: &BasicProperties) -> Option<ReplyAddress> {
        let queue = properties.reply_to().as_ref()?.to_string();
        // A queue of this installation would dead-letter the reply as unreadable.
        let is_own = self.settings.names.is_own(&queue);
        let correlation_id = properties.correlation_id().clone();
        (!is_own).then_some(ReplyAddress { queue, correlation_id })
    }
}

/// The queue in which a program receives the reply, and the id by which it matches the reply.
struct ReplyAddress {
    queue: String,
    correlation_id: Option<ShortString>,
}

impl ReplyAddress {
    fn message(self, reply: &EncodedMessage) -> OutgoingMessage {
        OutgoingMessage::transient_to_queue(self.queue, REPLY_TYPE, reply.to_vec()).with_properties(
            |it| {
                let it = it.with_content_type("application/json".into());
                match self.correlation_id {
                    Some(id) => it.with_correlation_id(id),
                    None => it,
                }
            },
        )
    }
}

/// Truncates a message that is too large to one byte over the limit, which is enough to refuse it.
/// The broker accepts messages of any size from programs, and many messages are kept in memory.
fn truncate(message: &mut Vec<u8>, bytes_max: usize) {
    message.truncate(bytes_max.saturating_add(1));
    message.shrink_to_fit();
}

fn token(properties: &BasicProperties) -> Option<String> {
    match properties.headers().as_ref()?.inner().get(TOKEN_HEADER)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

#[async_trait]
impl ConnectionRole for ExternalCommandConsumer {
    type Channels = ConsumerChannel;

    fn name(&self) -> &'static str {
        "intake"
    }

    async fn set_up(
        &self,
        connection: &Arc<BrokerConnection>,
        _: u64,
    ) -> Result<ConsumerChannel, BrokerError> {
        let channel = connection.open_channel().await?;
        topology::declare(&channel, &self.settings).await?;
        let consumer = start_consumer(&channel, &self.settings.names.intake(), PREFETCH).await?;
        Ok(ConsumerChannel { channel, consumer: Mutex::new(Some(consumer)) })
    }

    async fn serve(&self, channel: &ConsumerChannel, shutdown: &ShutdownSignal) -> String {
        let Some(mut consumer) = locked(&channel.consumer).take() else { return String::new() };
        loop {
            let delivery = tokio::select! {
                delivery = consumer.next() => delivery,
                () = shutdown.reached(Phase::Draining) => return String::new(),
            };
            match delivery {
                Some(Ok(delivery)) => self.receive(&channel.channel, delivery),
                Some(Err(error)) => return error.to_string(),
                None => return "the intake queue was deleted".to_owned(),
            }
        }
    }

    fn disconnected(&self, _: &ConsumerChannel) {
        // The broker delivers them again to any gateway.
        self.commands.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_too_large_is_truncated_to_one_byte_over_the_limit() {
        let truncated = |bytes: usize| {
            let mut message = vec![b'x'; bytes];
            truncate(&mut message, 1_000);
            (message.len(), message.capacity() < 2_000)
        };
        assert_eq!(truncated(0), (0, true));
        assert_eq!(truncated(1_000), (1_000, true));
        assert_eq!(truncated(1_000_000), (1_001, true));
    }
}
