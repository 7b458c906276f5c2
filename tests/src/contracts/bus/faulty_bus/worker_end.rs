//! A worker's ends of a faulty bus.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::envelope::{Announcement, CommandEnvelope, OutcomeEnvelope};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcer, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue,
};

use super::super::WorkerPorts;
use super::super::fixtures::MANY;
use super::{All, BusFault};

pub(super) struct FaultyWorker {
    inner: WorkerPorts,
    all: Arc<All>,
    taken: Mutex<Vec<DeliveryTag>>,
}

impl FaultyWorker {
    pub(super) fn new(inner: WorkerPorts, all: Arc<All>) -> Self {
        Self { inner, all, taken: Mutex::default() }
    }

    async fn tamper(&self, deliveries: &mut Vec<Delivery>) {
        match self.all.fault {
            BusFault::RepeatsDeliveries => deliveries.extend(deliveries.clone()),
            BusFault::DropsDeliveries => deliveries.retain(|it| it.tag.tag % 3 != 0),
            BusFault::ReversesDeliveries => deliveries.reverse(),
            BusFault::ReversesCommands => {
                for delivery in deliveries {
                    delivery.commands.reverse();
                }
            }
            BusFault::SplitsMessages => *deliveries = deliveries.iter().flat_map(split).collect(),
            BusFault::CallsAllNew => deliveries.iter_mut().for_each(|it| it.redeliveries = 0),
            BusFault::AcknowledgesAtOnce => {
                let tags = deliveries.iter().map(|it| it.tag).collect();
                self.inner.work.acknowledge(tags).await.ok();
            }
            _ => {}
        }
    }
}

/// Every command as a message of its own.
fn split(delivery: &Delivery) -> Vec<Delivery> {
    let alone = |command: &CommandEnvelope| Delivery {
        tag: delivery.tag,
        redeliveries: delivery.redeliveries,
        commands: vec![command.clone()],
    };
    delivery.commands.iter().map(alone).collect()
}

#[async_trait]
impl WorkQueue for FaultyWorker {
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        let work = Arc::clone(&self.inner.work);
        let mut deliveries = match self.all.fault {
            BusFault::TakesOneByOne => work.take(1).await?,
            BusFault::TakesWithoutEnd => work.take(MANY).await?,
            BusFault::TakesAfterGivingUp => {
                tokio::spawn(async move { work.take(commands_max).await }).await.ok().flatten()?
            }
            _ => work.take(commands_max).await?,
        };
        locked(&self.taken).extend(deliveries.iter().map(|it| it.tag));
        self.tamper(&mut deliveries).await;
        Some(deliveries)
    }

    async fn acknowledge(&self, tags: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        let tags = match self.all.fault {
            BusFault::NeverAcknowledges => Vec::new(),
            BusFault::AcknowledgesAll => std::mem::take(&mut *locked(&self.taken)),
            _ => tags,
        };
        self.inner.work.acknowledge(tags).await
    }

    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable> {
        let is_silent = self.all.fault == BusFault::BuriesInSilence;
        let reason = if is_silent { String::new() } else { reason };
        self.inner.work.dead_letter(command, reason).await
    }
}

#[async_trait]
impl QueryQueue for FaultyWorker {
    async fn next(&self) -> Option<ReceivedQuery> {
        let fails = self.all.fault == BusFault::FailsWithItsAsker;
        if fails && self.all.was_given_up.load(Ordering::Relaxed) {
            return None;
        }
        self.inner.queries.next().await
    }
}

#[async_trait]
impl Announcer for FaultyWorker {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        self.inner.announcer.announce(batch).await
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        if self.all.fault != BusFault::AnswersEverybody {
            return self.inner.announcer.send_outcomes(batch).await;
        }
        locked(&self.all.outcomes).extend(batch);
        self.all.answered.notify_waiters();
        Ok(())
    }
}

impl Drop for FaultyWorker {
    fn drop(&mut self) {
        if self.all.fault == BusFault::KeepsWhatItTook {
            // The bus does not notice that the worker is gone.
            std::mem::forget(self.inner.clone());
        }
    }
}
