//! The worker ports of a faulty bus.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::bus_messages::{Announcement, CommandEnvelope, OutcomeEnvelope};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcer, Confirm, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue,
};

use super::super::WorkerPorts;
use super::super::fixtures::MANY;
use super::fault::BusFault;
use super::shared_state::SharedState;

pub(super) struct FaultyWorker {
    inner: WorkerPorts,
    state: Arc<SharedState>,
    taken: Mutex<Vec<DeliveryTag>>,
}

impl FaultyWorker {
    pub(super) fn new(inner: WorkerPorts, state: Arc<SharedState>) -> Self {
        Self { inner, state, taken: Mutex::default() }
    }

    async fn tamper(&self, deliveries: &mut Vec<Delivery>) {
        match self.state.fault {
            BusFault::RepeatsDeliveries => deliveries.extend(deliveries.clone()),
            BusFault::DropsDeliveries => deliveries.retain(|it| it.tag.tag % 3 != 0),
            BusFault::ReversesDeliveries => deliveries.reverse(),
            BusFault::ReversesCommands => {
                for delivery in deliveries {
                    delivery.commands.reverse();
                }
            }
            BusFault::SplitsMessages => *deliveries = deliveries.iter().flat_map(split).collect(),
            BusFault::ResetsRedeliveries => {
                for delivery in deliveries {
                    delivery.redeliveries = 0;
                }
            }
            BusFault::AcknowledgesOnDelivery => {
                let tags = deliveries.iter().map(|it| it.tag).collect();
                self.inner.work.acknowledge(tags).await.ok();
            }
            _ => {}
        }
    }
}

/// One delivery for each command.
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
        let mut deliveries = match self.state.fault {
            BusFault::TakesOneByOne => work.take(1).await?,
            BusFault::IgnoresTheTakeLimit => work.take(MANY).await?,
            BusFault::TakesAfterCancellation => {
                tokio::spawn(async move { work.take(commands_max).await }).await.ok().flatten()?
            }
            _ => work.take(commands_max).await?,
        };
        locked(&self.taken).extend(deliveries.iter().map(|it| it.tag));
        self.tamper(&mut deliveries).await;
        Some(deliveries)
    }

    async fn acknowledge(&self, tags: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        let tags = match self.state.fault {
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
        let is_silent = self.state.fault == BusFault::DropsDeadLetterReasons;
        let reason = if is_silent { String::new() } else { reason };
        self.inner.work.dead_letter(command, reason).await
    }
}

#[async_trait]
impl QueryQueue for FaultyWorker {
    async fn next(&self) -> Option<ReceivedQuery> {
        let fails = self.state.fault == BusFault::FailsAfterACancelledQuery;
        if fails && self.state.was_cancelled.load(Ordering::Relaxed) {
            return None;
        }
        self.inner.queries.next().await
    }
}

impl Announcer for FaultyWorker {
    fn publish(
        &self,
        announcements: Vec<Announcement>,
        outcomes: Vec<OutcomeEnvelope>,
    ) -> Confirm<Unavailable> {
        let announcer = Arc::clone(&self.inner.announcer);
        match self.state.fault {
            BusFault::PublishesWhenAwaited => {
                Box::pin(async move { announcer.publish(announcements, outcomes).await })
            }
            BusFault::BroadcastsOutcomes => {
                locked(&self.state.outcomes).extend(outcomes);
                self.state.changed.notify_waiters();
                announcer.publish(announcements, Vec::new())
            }
            _ => announcer.publish(announcements, outcomes),
        }
    }
}

impl Drop for FaultyWorker {
    fn drop(&mut self) {
        if self.state.fault == BusFault::NeverReleasesDeliveries {
            // The bus does not notice that the worker is gone.
            std::mem::forget(self.inner.clone());
        }
    }
}
