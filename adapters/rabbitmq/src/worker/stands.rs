//! Which queues this worker consumes: taken up and handed over as workers come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use lapin::message::Delivery as Message;
use lapin::options::BasicCancelOptions;
use lapin::types::AMQPValue;
use lapin::{Channel, Consumer};
use sockbit_application::envelope::CommandEnvelope;
use sockbit_application::ports::{Delivery, Receipt};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::shared::Shared;
use crate::connection::Open;
use crate::consuming::consume;
use crate::pause::Pause;

/// Messages that the broker sends ahead, of all queues together. Each is at most about as large as the largest
/// command, so that they stay within some hundred megabytes at the worst.
const PREFETCH_IN_ALL: u16 = 1_024;
/// The same, of one queue.
const PREFETCH_LEAST: u16 = 4;
const PREFETCH_MOST: u16 = 64;
/// A queue whose leader is away does not answer, and there is no reason to let go of the others.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(5);
const CLOSED_WITHIN: Duration = Duration::from_secs(2);
/// Where brokers before 4.0 and since then count how often they delivered a message before.
const COUNTS: [&str; 2] = ["x-delivery-count", "x-acquired-count"];
/// A queue that is not let go of by then is torn away from this worker, with its connection: as long as it
/// is held, nobody else is given what waits in it.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(10);

/// The queues that are consumed now, or as soon as they answer.
pub(super) struct Stands {
    shared: Arc<Shared>,
    open: Arc<Open>,
    /// Each with the word that hands it over.
    active: BTreeMap<u16, oneshot::Sender<()>>,
    running: JoinSet<Result<(), String>>,
}

impl Stands {
    pub fn new(shared: Arc<Shared>, open: Arc<Open>) -> Self {
        Self { shared, open, active: BTreeMap::new(), running: JoinSet::new() }
    }

    /// Consumes exactly these queues from now on.
    pub fn hold(&mut self, wanted: &BTreeSet<u16>) {
        // Dropping the word says it too.
        self.active.retain(|queue, _| wanted.contains(queue));
        for queue in wanted {
            if !self.active.contains_key(queue) {
                let (leave, left) = oneshot::channel();
                let (shared, open) = (Arc::clone(&self.shared), Arc::clone(&self.open));
                let name = self.shared.settings.names.work(*queue);
                let stand = Stand { shared, open, queue: *queue, name, leave: left.shared() };
                self.running.spawn(stand.keep());
                self.active.insert(*queue, leave);
            }
        }
    }

    /// Waits until a queue cannot be consumed any more, and says why.
    pub async fn failed(&mut self) -> String {
        loop {
            match self.running.join_next().await {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(reason))) => return reason,
                Some(Err(error)) => return error.to_string(),
                None => std::future::pending().await,
            }
        }
    }

    /// Pulls no more from any queue, and waits until what was taken of them is finished.
    pub async fn finish(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

/// One queue, from taking it up to handing it over.
struct Stand {
    shared: Arc<Shared>,
    open: Arc<Open>,
    queue: u16,
    name: String,
    /// Is ready from when it is to be handed over.
    leave: futures::future::Shared<oneshot::Receiver<()>>,
}

impl Stand {
    /// Ends when it is handed over, or with the reason why it cannot go on.
    async fn keep(self) -> Result<(), String> {
        let mut pause = Pause::default();
        let prefetch = prefetch(self.shared.settings.work_queues);
        loop {
            let channel = self.open.channel().await.map_err(|error| error.to_string())?;
            let consuming = tokio::select! {
                _ = self.leave.clone() => return close(&channel).await,
                consuming = timeout(TAKEN_UP_WITHIN, consume(&channel, &self.name, prefetch)) => consuming,
            };
            match consuming {
                Ok(Ok(consumer)) => return self.work(channel, consumer).await,
                Ok(Err(error)) => return Err(error.to_string()),
                Err(_) => tracing::warn!(queue = self.name, "a work queue does not answer"),
            }
            close(&channel).await?;
            tokio::select! {
                _ = self.leave.clone() => return Ok(()),
                () = sleep(pause.next()) => {}
            }
        }
    }

    async fn work(self, channel: Channel, mut consumer: Consumer) -> Result<(), String> {
        let stand = self.shared.inbox.open(channel.clone());
        tracing::info!(queue = self.name, "a work queue is taken up");
        self.shared.took_up(self.queue);
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
        let handing_over = timeout(HANDED_OVER_WITHIN, self.hand_over(stand, &channel, consumer));
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
        self.shared.inbox.close(stand);
        close(channel).await
    }

    /// Takes a message in. One that has to be set aside and cannot be does not hold up the handing over: it comes again
    /// to whoever has the queue then.
    async fn receive(&self, stand: u64, message: Message) {
        let receipt = Receipt { queue: stand, tag: message.delivery_tag };
        self.shared.inbox.expect(receipt);
        tokio::select! {
            biased;
            () = self.take_in(receipt, message) => {}
            _ = self.leave.clone() => self.shared.inbox.give_back(receipt),
        }
    }

    async fn take_in(&self, receipt: Receipt, message: Message) {
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
        self.shared.inbox.put(Delivery { receipt, redeliveries, commands: readable });
    }

    /// Tries until the broker has it: whatever is behind it in this queue waits so long.
    async fn set_aside(&self, body: Vec<u8>, reason: &str) {
        tracing::error!(queue = self.name, reason, "a message that cannot be read is set aside");
        let mut pause = Pause::default();
        while let Err(error) = self.shared.dead.put(body.clone(), &self.name, reason).await {
            tracing::warn!(error, "what cannot be read could not be set aside yet");
            sleep(pause.next()).await;
        }
    }

    async fn let_go(&self, receipt: Receipt) {
        // Where this is lost, the message comes again and is set aside once more.
        self.shared.inbox.acknowledge(&[receipt]).await.ok();
    }
}

/// How many messages of each queue are sent ahead where there are so many queues.
fn prefetch(work_queues: u16) -> u16 {
    (PREFETCH_IN_ALL / work_queues.max(1)).clamp(PREFETCH_LEAST, PREFETCH_MOST)
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
async fn close(channel: &Channel) -> Result<(), String> {
    match timeout(CLOSED_WITHIN, channel.close(200, "OK".into())).await {
        Ok(Err(error)) => Err(error.to_string()),
        Ok(Ok(())) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_queues_there_are_what_is_sent_ahead_has_a_bound() {
        assert_eq!([1, 16, 32, 256].map(prefetch), [64, 64, 32, 4]);
        for queues in 1..=256 {
            assert!(queues * prefetch(queues) <= PREFETCH_IN_ALL, "of {queues} queues");
        }
    }
}
