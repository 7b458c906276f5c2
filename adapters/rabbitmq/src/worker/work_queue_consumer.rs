//! The consumer of one work queue, from its first delivery until it has stopped.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use lapin::message::Delivery as Message;
use lapin::options::BasicCancelOptions;
use lapin::types::AMQPValue;
use lapin::{Channel, Consumer};
use sockbit_application::backoff::Retry;
use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::ports::{Delivery, DeliveryTag};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::worker_state::WorkerState;
use crate::broker_connection::BrokerConnection;
use crate::supervised_connection::RECONNECT;

/// The headers in which RabbitMQ before 4.0 and since then counts earlier deliveries of a message.
const DELIVERY_COUNT_HEADERS: [&str; 2] = ["x-delivery-count", "x-acquired-count"];
/// If a queue is not released in time, the worker's connection is closed: no other worker gets the
/// queue's messages before.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The consumer of one work queue.
pub(super) struct WorkQueueConsumer {
    pub state: Arc<WorkerState>,
    pub connection: Arc<BrokerConnection>,
    pub queue: u16,
    pub name: String,
    /// Ready once the consumer must stop.
    pub stopped: futures::future::Shared<oneshot::Receiver<()>>,
}

impl WorkQueueConsumer {
    /// Receives deliveries until the consumer is stopped. Fails with the reason why the worker's
    /// connection is unusable.
    pub async fn run(&self, channel: Channel, consumer: Consumer) -> Result<(), String> {
        let number = self.state.deliveries.add_consumer(channel.clone());
        tracing::info!(queue = self.name, "consuming a work queue");
        self.state.consumer_started(self.queue);
        let result = self.receive_until_stopped(number, &channel, consumer).await;
        self.state.deliveries.remove_consumer(number);
        if result.is_err() {
            self.state.consumer_stopped(self.queue);
        }
        result
    }

    async fn receive_until_stopped(
        &self,
        number: u64,
        channel: &Channel,
        mut consumer: Consumer,
    ) -> Result<(), String> {
        loop {
            // A message in progress is completed first.
            let message = tokio::select! {
                _ = self.stopped.clone() => break,
                message = consumer.next() => message,
            };
            let message = message.ok_or_else(|| format!("the queue {} was deleted", self.name))?;
            self.receive(number, message.map_err(|error| error.to_string())?).await;
        }
        self.state.consumer_stopped(self.queue);
        tracing::info!(queue = self.name, "no longer consuming a work queue");
        let stopping = timeout(STOP_TIMEOUT, self.stop(number, channel, consumer));
        stopping.await.unwrap_or_else(|_| Err(format!("{} was not released in time", self.name)))
    }

    /// Cancels the consumer, waits until all deliveries are settled, and closes the channel. The
    /// broker then activates the consumer of another worker.
    async fn stop(
        &self,
        number: u64,
        channel: &Channel,
        mut consumer: Consumer,
    ) -> Result<(), String> {
        let cancelling = channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
        cancelling.await.map_err(|error| error.to_string())?;
        while let Some(message) = consumer.next().await {
            self.receive(number, message.map_err(|error| error.to_string())?).await;
        }
        self.state.deliveries.settled(number).await;
        close_channel(channel).await
    }

    /// Adds a message to the inbox. A message that must be dead-lettered and cannot be does not
    /// delay the stop: the broker delivers it again to the next consumer.
    async fn receive(&self, number: u64, message: Message) {
        let tag = DeliveryTag { queue: number, tag: message.delivery_tag };
        self.state.deliveries.register(tag);
        tokio::select! {
            biased;
            () = self.read(tag, message) => {}
            _ = self.stopped.clone() => self.state.deliveries.return_to_broker(tag),
        }
    }

    async fn read(&self, tag: DeliveryTag, message: Message) {
        let commands = match self.state.settings.keys.verify_commands(&message.data) {
            Ok(commands) => commands,
            Err(error) => {
                self.dead_letter(message.data, &error.to_string()).await;
                return self.acknowledge(tag).await;
            }
        };
        let mut readable: Vec<CommandEnvelope> = Vec::with_capacity(commands.len());
        for command in commands {
            match command {
                Ok(command) => readable.push(command),
                Err((json, reason)) => self.dead_letter(json.get().into(), &reason).await,
            }
        }
        if readable.is_empty() {
            return self.acknowledge(tag).await;
        }
        let redeliveries = redeliveries(&message);
        self.state.deliveries.push(Delivery { tag, redeliveries, commands: readable });
    }

    /// Retries until the broker has the dead letter. Later messages of this queue wait for it.
    async fn dead_letter(&self, body: Vec<u8>, reason: &str) {
        tracing::error!(queue = self.name, reason, "an unreadable message is dead-lettered");
        let dead_letters = &self.state.dead_letters;
        let mut retry = Retry::new(RECONNECT, (self.state.settings.id, self.queue));
        while let Err(error) =
            dead_letters.publish_unreadable(body.clone(), &self.name, reason).await
        {
            tracing::warn!(error, "an unreadable message could not be dead-lettered");
            sleep(retry.next_delay()).await;
        }
    }

    async fn acknowledge(&self, tag: DeliveryTag) {
        // If this is lost, the message is delivered again and dead-lettered once more.
        self.state.deliveries.acknowledge(&[tag]).await.ok();
    }
}

/// How often the broker delivered the message before. If it says only that it did, at least once.
fn redeliveries(message: &Message) -> u32 {
    let headers = message.properties.headers().as_ref();
    let count = |name: &&str| match headers?.inner().get(*name)? {
        AMQPValue::LongLongInt(count) => u32::try_from(*count).ok(),
        AMQPValue::LongInt(count) => u32::try_from(*count).ok(),
        _ => None,
    };
    let counts = DELIVERY_COUNT_HEADERS.iter().filter_map(count);
    counts.chain([u32::from(message.redelivered)]).max().unwrap_or_default()
}

/// Closes a channel, without waiting long for the broker. The driver closes a dropped channel only
/// if nothing was consumed on it; otherwise the broker would go on delivering.
pub(super) async fn close_channel(channel: &Channel) -> Result<(), String> {
    match timeout(CLOSE_TIMEOUT, channel.close(200, "OK".into())).await {
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}
