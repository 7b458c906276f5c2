//! A worker's ends of a sabotaged bus.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::envelope::{Announcement, CommandEnvelope, OutcomeEnvelope};
use sockbit_application::ports::{
    Announcer, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue,
};

use super::super::WorkerEnds;
use super::super::fixtures::MANY;
use super::{All, Trick, locked};

pub(super) struct SabotagedWorker {
    inner: WorkerEnds,
    all: Arc<All>,
    taken: Mutex<Vec<DeliveryTag>>,
}

impl SabotagedWorker {
    pub(super) fn new(inner: WorkerEnds, all: Arc<All>) -> Self {
        Self { inner, all, taken: Mutex::default() }
    }

    async fn tamper(&self, deliveries: &mut Vec<Delivery>) {
        match self.all.trick {
            Trick::RepeatsDeliveries => deliveries.extend(deliveries.clone()),
            Trick::DropsDeliveries => deliveries.retain(|it| it.receipt.tag % 3 != 0),
            Trick::ReversesDeliveries => deliveries.reverse(),
            Trick::ReversesCommands => deliveries.iter_mut().for_each(|it| it.commands.reverse()),
            Trick::SplitsMessages => *deliveries = deliveries.iter().flat_map(split).collect(),
            Trick::CallsAllNew => deliveries.iter_mut().for_each(|it| it.redeliveries = 0),
            Trick::AcknowledgesAtOnce => {
                let receipts = deliveries.iter().map(|it| it.receipt).collect();
                self.inner.work.acknowledge(receipts).await.ok();
            }
            _ => {}
        }
    }
}

/// Every command as a message of its own.
fn split(delivery: &Delivery) -> Vec<Delivery> {
    let alone = |command: &CommandEnvelope| Delivery {
        receipt: delivery.receipt,
        redeliveries: delivery.redeliveries,
        commands: vec![command.clone()],
    };
    delivery.commands.iter().map(alone).collect()
}

#[async_trait]
impl WorkQueue for SabotagedWorker {
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        let work = Arc::clone(&self.inner.work);
        let mut deliveries = match self.all.trick {
            Trick::TakesOneByOne => work.take(1).await?,
            Trick::TakesWithoutEnd => work.take(MANY).await?,
            Trick::TakesAfterGivingUp => {
                tokio::spawn(async move { work.take(commands_max).await }).await.ok().flatten()?
            }
            _ => work.take(commands_max).await?,
        };
        locked(&self.taken).extend(deliveries.iter().map(|it| it.receipt));
        self.tamper(&mut deliveries).await;
        Some(deliveries)
    }

    async fn acknowledge(&self, receipts: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        let receipts = match self.all.trick {
            Trick::NeverAcknowledges => Vec::new(),
            Trick::AcknowledgesAll => std::mem::take(&mut *locked(&self.taken)),
            _ => receipts,
        };
        self.inner.work.acknowledge(receipts).await
    }

    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable> {
        let is_silent = self.all.trick == Trick::BuriesInSilence;
        let reason = if is_silent { String::new() } else { reason };
        self.inner.work.dead_letter(command, reason).await
    }
}

#[async_trait]
impl QueryQueue for SabotagedWorker {
    async fn next(&self) -> Option<ReceivedQuery> {
        let fails = self.all.trick == Trick::FailsWithItsAsker;
        if fails && self.all.was_given_up.load(Ordering::Relaxed) {
            return None;
        }
        self.inner.questions.next().await
    }
}

#[async_trait]
impl Announcer for SabotagedWorker {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        self.inner.announcer.announce(batch).await
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        if self.all.trick != Trick::AnswersEverybody {
            return self.inner.announcer.send_outcomes(batch).await;
        }
        locked(&self.all.outcomes).extend(batch);
        self.all.answered.notify_waiters();
        Ok(())
    }
}

impl Drop for SabotagedWorker {
    fn drop(&mut self) {
        if self.all.trick == Trick::KeepsWhatItTook {
            // Nobody hears that it is gone.
            std::mem::forget(self.inner.clone());
        }
    }
}
