//! What programs put into the intake queue, and the way back for their answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::types::{AMQPValue, ShortString};
use lapin::{BasicProperties, Channel, Consumer};
use sockbit_application::envelope::EncodedMessage;
use sockbit_application::mutex::locked;
use sockbit_application::ports::IntakeMessage;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::connection::{BrokerConnection, BrokerError};
use crate::consumer::consume;
use crate::publisher::{OutgoingMessage, Publisher};
use crate::settings::Settings;
use crate::supervised_connection::{ConnectionRole, Phase, ShutdownSignal};
use crate::topology;

/// Messages that the broker sends ahead, and so the most that wait for their outcomes here.
const PREFETCH: u16 = 64;
/// Before a message that was not answered comes again. At once, and it would come as fast as it cannot be answered.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// The header that tells who sends.
const TOKEN: &str = "token";
/// What the answer to a program is called.
const KIND: &str = "answer";

/// Takes in for one gateway.
pub(super) struct IntakeConsumer {
    pub settings: Arc<Settings>,
    pub publisher: Publisher,
    waiting: Mutex<VecDeque<IntakeMessage>>,
    arrived: Notify,
}

pub(super) struct Session {
    channel: Channel,
    consumer: Mutex<Option<Consumer>>,
}

impl IntakeConsumer {
    pub fn new(settings: Arc<Settings>, publisher: Publisher) -> Self {
        Self { settings, publisher, waiting: Mutex::default(), arrived: Notify::new() }
    }

    pub async fn next(&self) -> IntakeMessage {
        loop {
            let waiting = locked(&self.waiting).pop_front();
            match waiting {
                Some(submission) => return submission,
                None => self.arrived.notified().await,
            }
        }
    }

    fn put(&self, channel: &Channel, mut delivery: Delivery) {
        let held = Held { channel: channel.clone(), tag: delivery.delivery_tag };
        let back = self.way_back(&delivery.properties);
        let way = ReplyGuard { publisher: self.publisher.clone(), back, held: Some(held) };
        shorten(&mut delivery.data, self.settings.program_message_bytes_max);
        locked(&self.waiting).push_back(IntakeMessage {
            token: token(&delivery.properties),
            message: delivery.data,
            reply: Box::new(move |answer| way.reply(&answer)),
        });
        self.arrived.notify_one();
    }

    /// The queue that an answer goes to, and what the program knows it by.
    fn way_back(&self, properties: &BasicProperties) -> Option<(String, Option<ShortString>)> {
        let queue = properties.reply_to().as_ref()?.as_str();
        // Answers among our own messages would be taken for damaged ones.
        let is_ours = self.settings.names.owns(queue);
        (!is_ours).then(|| (queue.to_owned(), properties.correlation_id().clone()))
    }
}

/// Of a message that is too large one byte too many is left, by which it is refused: many of them wait here, and a program
/// can put in whatever the broker takes.
fn shorten(message: &mut Vec<u8>, bytes_max: usize) {
    message.truncate(bytes_max.saturating_add(1));
    message.shrink_to_fit();
}

fn token(properties: &BasicProperties) -> Option<String> {
    match properties.headers().as_ref()?.inner().get(TOKEN)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

/// A message that the broker has not been told about yet.
struct Held {
    channel: Channel,
    tag: u64,
}

impl Held {
    /// Lets go of it. Where the channel is gone, it went to another gateway.
    async fn acknowledge(self) {
        self.channel.basic_ack(self.tag, BasicAckOptions::default()).await.ok();
    }

    /// Has it come again.
    async fn give_back(self) {
        sleep(AGAIN_AFTER).await;
        let again = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        self.channel.basic_nack(self.tag, again).await.ok();
    }
}

/// The way back of one answer. A message whose answer could not be sent, or that nobody answered, comes again: otherwise
/// it would keep its place among those that are sent ahead.
struct ReplyGuard {
    publisher: Publisher,
    back: Option<(String, Option<ShortString>)>,
    held: Option<Held>,
}

impl ReplyGuard {
    fn reply(mut self, answer: &EncodedMessage) {
        let Ok(runtime) = Handle::try_current() else { return };
        let answer = answer.to_vec();
        runtime.spawn(async move {
            if let Err(error) = self.post(answer).await {
                tracing::warn!(error, "a program could not be answered");
            } else if let Some(held) = self.held.take() {
                held.acknowledge().await;
            }
        });
    }

    async fn post(&self, answer: Vec<u8>) -> Result<(), String> {
        let Some((queue, correlation)) = &self.back else { return Ok(()) };
        let parcel = OutgoingMessage::news(String::new(), queue.clone(), KIND, answer).with(|it| {
            let it = it.with_content_type("application/json".into());
            match correlation {
                Some(id) => it.with_correlation_id(id.clone()),
                None => it,
            }
        });
        self.publisher.post(parcel).await
    }
}

impl Drop for ReplyGuard {
    fn drop(&mut self) {
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            runtime.spawn(held.give_back());
        }
    }
}

#[async_trait]
impl ConnectionRole for IntakeConsumer {
    type Session = Session;

    fn name(&self) -> &'static str {
        "intake"
    }

    async fn begin(&self, open: &Arc<BrokerConnection>, _: u64) -> Result<Session, BrokerError> {
        let channel = open.channel().await?;
        topology::declare(&channel, &self.settings).await?;
        let consumer = consume(&channel, &self.settings.names.intake(), PREFETCH).await?;
        let consumer = Mutex::new(Some(consumer));
        Ok(Session { channel, consumer })
    }

    async fn carry_on(&self, session: &Session, closing: &ShutdownSignal) -> String {
        let Some(mut consumer) = locked(&session.consumer).take() else { return String::new() };
        loop {
            let delivery = tokio::select! {
                delivery = consumer.next() => delivery,
                () = closing.reached(Phase::Draining) => return String::new(),
            };
            match delivery {
                Some(Ok(delivery)) => self.put(&session.channel, delivery),
                Some(Err(error)) => return error.to_string(),
                None => return "the intake queue is gone".to_owned(),
            }
        }
    }

    fn lost(&self, _: &Session) {
        // It comes again to whoever consumes the queue then.
        locked(&self.waiting).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_message_that_is_too_large_no_more_is_kept_than_tells_it() {
        let kept = |bytes: usize| {
            let mut message = vec![b'x'; bytes];
            shorten(&mut message, 1_000);
            (message.len(), message.capacity() < 2_000)
        };
        assert_eq!(kept(0), (0, true));
        assert_eq!(kept(1_000), (1_000, true));
        assert_eq!(kept(1_000_000), (1_001, true));
    }
}
