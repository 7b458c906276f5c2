//! One work queue, from taking it up to handing it over.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use lapin::message::Delivery as Message;
use lapin::options::BasicCancelOptions;
use lapin::types::AMQPValue;
use lapin::{Channel, Consumer};
use sockbit_application::envelope::CommandEnvelope;
use sockbit_application::ports::{Delivery, DeliveryTag};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::worker_state::WorkerState;
use crate::connection::BrokerConnection;
use crate::retry::retry;

/// Where brokers before 4.0 and since then count how often they delivered a message before.
const COUNTS: [&str; 2] = ["x-delivery-count", "x-acquired-count"];
/// A queue that is not let go of by then is torn away from this worker, with its connection: as long as it
/// is held, nobody else is given what waits in it.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(10);
const CLOSED_WITHIN: Duration = Duration::from_secs(2);

/// One queue, from taking it up to handing it over.
pub(super) struct QueueConsumer {
    pub shared: Arc<WorkerState>,
    pub open: Arc<BrokerConnection>,
    pub queue: u16,
    pub name: String,
    /// Is ready from when it is to be handed over.
    pub leave: futures::future::Shared<oneshot::Receiver<()>>,
}

impl QueueConsumer {
    /// Takes in what is delivered until the queue is handed over, or says why it cannot go on.
    pub async fn work(&self, channel: Channel, consumer: Consumer) -> Result<(), String> {
        let stand = self.shared.inbox.open(channel.clone());
        tracing::info!(queue = self.name, "a work queue is taken up");
        self.shared.took_up(self.queue);
        let worked = self.take_in_until_left(stand, &channel, consumer).await;
        self.shared.inbox.close(stand);
        if worked.is_err() {
            self.shared.let_go(self.queue);
        }
        worked
    }

    async fn take_in_until_left(
        &self,
        stand: u64,
        channel: &Channel,
        mut consumer: Consumer,
    ) -> Result<(), String> {
        loop {
            // Not in the middle of a message.
            let message = tokio::select! {
                _ = self.leave.clone() => break,
                message = consumer.next() => message,
            };
            let message = message.ok_or_else(|| format!("the queue {} is gone", self.name))?;
            self.receive(stand, message.map_err(|error| error.to_string())?).await;
        }
        self.shared.let_go(self.queue);
        tracing::info!(queue = self.name, "a work queue is handed over");
        let handing_over = timeout(HANDED_OVER_WITHIN, self.hand_over(stand, channel, consumer));
        handing_over.await.unwrap_or_else(|_| Err(format!("{} cannot be handed over", self.name)))
    }

    /// Pulls no more, lets what was delivered be finished, and closes the channel. The broker lets
    /// another worker have the queue meanwhile.
    async fn hand_over(
        &self,
        stand: u64,
        channel: &Channel,
        mut consumer: Consumer,
    ) -> Result<(), String> {
        let cancelling = channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
        cancelling.await.map_err(|error| error.to_string())?;
        while let Some(message) = consumer.next().await {
            self.receive(stand, message.map_err(|error| error.to_string())?).await;
        }
        self.shared.inbox.settled(stand).await;
        close(channel).await
    }

    /// Takes a message in. One that has to be set aside and cannot be does not hold up the handing over: it comes again
    /// to whoever has the queue then.
    async fn receive(&self, stand: u64, message: Message) {
        let receipt = DeliveryTag { queue: stand, tag: message.delivery_tag };
        self.shared.inbox.expect(receipt);
        tokio::select! {
            biased;
            () = self.take_in(receipt, message) => {}
            _ = self.leave.clone() => self.shared.inbox.give_back(receipt),
        }
    }

    async fn take_in(&self, receipt: DeliveryTag, message: Message) {
        let commands = match self.shared.settings.keys.open_commands(&message.data) {
            Ok(commands) => commands,
            Err(error) => {
                self.set_aside(message.data, &error.to_string()).await;
                return self.let_go(receipt).await;
            }
        };
        let mut readable: Vec<CommandEnvelope> = Vec::with_capacity(commands.len());
        for command in commands {
            match command {
                Ok(command) => readable.push(command),
                Err((json, reason)) => self.set_aside(json.get().into(), &reason).await,
            }
        }
        if readable.is_empty() {
            return self.let_go(receipt).await;
        }
        let redeliveries = redeliveries(&message);
        self.shared.inbox.put(Delivery { tag: receipt, redeliveries, commands: readable });
    }

    /// Tries until the broker has it: whatever is behind it in this queue waits so long.
    async fn set_aside(&self, body: Vec<u8>, reason: &str) {
        tracing::error!(queue = self.name, reason, "a message that cannot be read is set aside");
        let mut retry = retry();
        while let Err(error) = self.shared.dead.put(body.clone(), &self.name, reason).await {
            tracing::warn!(error, "what cannot be read could not be set aside yet");
            sleep(retry.next_delay()).await;
        }
    }

    async fn let_go(&self, receipt: DeliveryTag) {
        // Where this is lost, the message comes again and is set aside once more.
        self.shared.inbox.acknowledge(&[receipt]).await.ok();
    }
}

/// How often the broker gave it to somebody before: at least once where it says only that it did.
fn redeliveries(message: &Message) -> u32 {
    let headers = message.properties.headers().as_ref();
    let counts = COUNTS.iter().filter_map(|name| match headers?.inner().get(*name)? {
        AMQPValue::LongLongInt(count) => u32::try_from(*count).ok(),
        AMQPValue::LongInt(count) => u32::try_from(*count).ok(),
        _ => None,
    });
    counts.chain([u32::from(message.redelivered)]).max().unwrap_or_default()
}

/// Closes a channel, whether the broker confirms it in time or not. The driver does so by itself
/// only where nothing was consumed: otherwise the broker would go on delivering to nobody.
pub(super) async fn close(channel: &Channel) -> Result<(), String> {
    match timeout(CLOSED_WITHIN, channel.close(200, "OK".into())).await {
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}
