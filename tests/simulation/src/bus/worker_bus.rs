//! The ports of one worker, on the simulated broker.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::bus_messages::{
    Announcement, CommandEnvelope, CoreReply, OutcomeEnvelope,
};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcer, Confirm, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue,
};
use sockbit_domain::{ClientId, MessageId};
use tokio::time::sleep;

use super::broker::{Broker, MessageFates};
use super::gateway_queue::Fate;
use super::uplink::Uplink;
use crate::process_lifetime::{CrashPoint, Lifetime};
use crate::random::Random;
use crate::run_context::RunContext;

/// Time until a call fails without the broker.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);

/// The bus of one worker.
pub(crate) struct WorkerBus {
    pub context: Arc<RunContext>,
    pub broker: Arc<Broker>,
    pub number: usize,
    pub lifetime: Arc<Lifetime>,
    pub uplink: Uplink,
    pub random: Arc<Mutex<Random>>,
    /// Whether the network between the worker and the broker is cut.
    pub is_cut: Arc<AtomicBool>,
    /// Commands that this process received in their first delivery.
    pub new: Mutex<BTreeSet<(ClientId, MessageId)>>,
    /// Commands that it received only in later deliveries.
    pub redelivered: Arc<Mutex<BTreeSet<(ClientId, MessageId)>>>,
}

/// Fates drawn with the probabilities of the run.
struct RandomFates<'a> {
    context: &'a RunContext,
    random: &'a mut Random,
}

impl RandomFates<'_> {
    fn fate(&mut self, lost: usize) -> Fate {
        if !self.random.per_mille(lost) {
            return Fate::Arrives(self.context.latency(self.random));
        }
        locked(&self.context.observations).counts.lost_messages += 1;
        if self.random.percent(50) { Fate::Lost } else { Fate::LostAndReported }
    }
}

impl MessageFates for RandomFates<'_> {
    fn announcement(&mut self) -> Fate {
        if self.context.drops_announcements() {
            return Fate::Lost;
        }
        self.fate(self.context.rates().announcement_lost)
    }

    fn outcome(&mut self) -> Fate {
        self.fate(self.context.rates().outcome_lost)
    }
}

impl WorkerBus {
    fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// Sends messages. Where it fails, they may have arrived all the same.
    fn send(
        &self,
        publish: impl FnOnce(&Broker, &mut RandomFates<'_>) + Send + 'static,
    ) -> Confirm<Unavailable> {
        let latency = self.context.latency(&mut locked(&self.random));
        let (context, broker) = (Arc::clone(&self.context), Arc::clone(&self.broker));
        let (is_cut, random) = (Arc::clone(&self.is_cut), Arc::clone(&self.random));
        let (sender, lifetime) = (Arc::clone(&self.lifetime), Arc::clone(&self.lifetime));
        let arrived = self.uplink.send(latency, move || {
            let (is_cut, mut random) = (is_cut.load(Ordering::Relaxed), locked(&random));
            let fails = is_cut || random.per_mille(context.rates().announce_failed);
            let arrives = !is_cut && (!fails || random.percent(50));
            if arrives && !sender.has_ended() {
                publish(&broker, &mut RandomFates { context: &context, random: &mut random });
            }
            !fails
        });
        Box::pin(async move {
            let Ok(is_confirmed) = arrived.await else { return std::future::pending().await };
            lifetime.halt_if_ended().await;
            if is_confirmed {
                return Ok(());
            }
            sleep(CONNECTED_WITHIN).await;
            lifetime.halt_if_ended().await;
            Err(Unavailable("the broker did not confirm".to_owned()))
        })
    }

    fn record_redeliveries(&self, deliveries: &[Delivery]) {
        let ids = |is_again| {
            let of = deliveries.iter().filter(move |it| (it.redeliveries > 0) == is_again);
            of.flat_map(|it| &it.commands).map(|it| (it.client, it.message))
        };
        let (mut new, mut redelivered) = (locked(&self.new), locked(&self.redelivered));
        new.extend(ids(false));
        redelivered.extend(ids(true));
        // A first delivery may still be in progress when the bus has lost it.
        redelivered.retain(|it| !new.contains(it));
    }
}

#[async_trait]
impl WorkQueue for WorkerBus {
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        loop {
            let changed = self.broker.changed.notified();
            self.lifetime.halt_if_ended().await;
            self.context.wait_latency(&self.random).await;
            let is_open = !self.is_cut() && !self.lifetime.has_ended();
            let taken = if is_open { self.broker.take(self.number, commands_max) } else { None };
            if let Some(deliveries) = taken {
                let count: usize = deliveries.iter().map(|it| it.commands.len()).sum();
                self.context.log(format_args!("worker {}: takes {count}", self.number));
                self.record_redeliveries(&deliveries);
                self.lifetime.pass(CrashPoint::Received).await;
                return Some(deliveries);
            }
            changed.await;
        }
    }

    async fn acknowledge(&self, tags: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        self.lifetime.halt_if_ended().await;
        self.context.wait_latency(&self.random).await;
        self.lifetime.halt_if_ended().await;
        let lost = Err(Unavailable("the connection was lost".to_owned()));
        if self.is_cut() {
            return lost;
        }
        if locked(&self.random).per_mille(self.context.rates().acknowledge_failed) {
            self.broker.requeue(&tags);
            return lost;
        }
        let is_whole = self.broker.acknowledge(&tags);
        self.lifetime.pass(CrashPoint::Acknowledged).await;
        if is_whole { Ok(()) } else { lost }
    }

    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable> {
        self.lifetime.halt_if_ended().await;
        self.context.log(format_args!(
            "worker {}: dead-letters {}: {reason}",
            self.number, command.message
        ));
        locked(&self.context.observations).counts.panics += 1;
        Ok(())
    }
}

#[async_trait]
impl QueryQueue for WorkerBus {
    async fn next(&self) -> Option<ReceivedQuery> {
        loop {
            let changed = self.broker.changed.notified();
            self.lifetime.halt_if_ended().await;
            let pending = self.broker.next_query(self.number).filter(|_| !self.is_cut());
            if let Some(pending) = pending {
                let (lifetime, is_cut) = (Arc::clone(&self.lifetime), Arc::clone(&self.is_cut));
                let send_reply = Box::new(move |reply: CoreReply| {
                    if !lifetime.has_ended() && !is_cut.load(Ordering::Relaxed) {
                        pending.reply.send(reply).ok();
                    }
                });
                return Some(ReceivedQuery { query: pending.query, reply: send_reply });
            }
            changed.await;
        }
    }
}

impl WorkerBus {
    fn announce(&self, batch: Vec<Announcement>) -> Confirm<Unavailable> {
        let (worker, lifetime) = (self.number, Arc::clone(&self.lifetime));
        let confirm = self.send(move |broker, fates| {
            for announcement in &batch {
                broker.publish_announcement(worker, announcement, fates);
            }
        });
        Box::pin(async move {
            confirm.await?;
            lifetime.pass(CrashPoint::Announced).await;
            Ok(())
        })
    }

    fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Confirm<Unavailable> {
        let (worker, lifetime) = (self.number, Arc::clone(&self.lifetime));
        let (context, sent) = (Arc::clone(&self.context), batch.clone());
        let confirm =
            self.send(move |broker, fates| broker.publish_outcomes(worker, &batch, fates));
        Box::pin(async move {
            confirm.await?;
            locked(&context.observations).outcomes_sent(&sent);
            lifetime.pass(CrashPoint::OutcomesSent).await;
            Ok(())
        })
    }
}

impl Announcer for WorkerBus {
    /// Events and outcomes are separate messages: either may arrive without the other.
    fn publish(
        &self,
        announcements: Vec<Announcement>,
        outcomes: Vec<OutcomeEnvelope>,
    ) -> Confirm<Unavailable> {
        let events = (!announcements.is_empty()).then(|| self.announce(announcements));
        let outcomes = self.send_outcomes(outcomes);
        Box::pin(async move {
            if let Some(events) = events {
                events.await?;
            }
            outcomes.await
        })
    }
}
