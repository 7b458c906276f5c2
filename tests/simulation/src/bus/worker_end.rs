//! The bus as one worker sees it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::envelope::{Announcement, CommandEnvelope, CoreReply, OutcomeEnvelope};
use sockbit_application::ports::{
    Announcer, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue,
};
use sockbit_domain::{ClientId, MessageId};
use tokio::time::sleep;

use super::ear::Fate;
use super::{Broker, Fates};
use crate::life::{Life, Moment};
use crate::locked;
use crate::random::Random;
use crate::sim::Sim;

/// How long the broker is waited for.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);

/// One worker's ports.
pub(crate) struct WorkerEnd {
    pub sim: Arc<Sim>,
    pub broker: Arc<Broker>,
    pub number: usize,
    pub life: Arc<Life>,
    pub random: Mutex<Random>,
    /// Whether the network between the worker and the broker is cut.
    pub is_cut: Arc<AtomicBool>,
    /// What was delivered here a second time, and is not among what is new.
    pub delivered_again: Arc<Mutex<BTreeSet<(ClientId, MessageId)>>>,
}

/// Fates as the rates say.
struct Chance<'a> {
    sim: &'a Sim,
    random: &'a mut Random,
}

impl Chance<'_> {
    fn fate(&mut self, lost: usize) -> Fate {
        if !self.random.hits(lost) {
            return Fate::Arrives(self.sim.latency(self.random));
        }
        locked(&self.sim.evidence).counts.lost_news += 1;
        if self.random.percent(50) { Fate::Lost } else { Fate::LostAndTold }
    }
}

impl Fates for Chance<'_> {
    fn announcement(&mut self) -> Fate {
        if self.sim.is_mute() {
            return Fate::Lost;
        }
        self.fate(self.sim.rates().announcement_lost)
    }

    fn answer(&mut self) -> Fate {
        self.fate(self.sim.rates().answer_lost)
    }
}

impl WorkerEnd {
    fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// Publishes, as far as that is possible. Where it fails it may have arrived all the same.
    async fn publish(&self, publish: impl FnOnce(&mut Chance<'_>)) -> Result<(), Unavailable> {
        self.life.lasts().await;
        self.sim.travel(&self.random).await;
        self.life.lasts().await;
        let is_cut = self.is_cut();
        let fails = is_cut || locked(&self.random).hits(self.sim.rates().announce_failed);
        let arrives = !is_cut && (!fails || locked(&self.random).percent(50));
        if arrives {
            publish(&mut Chance { sim: &self.sim, random: &mut locked(&self.random) });
        }
        if fails {
            sleep(CONNECTED_WITHIN).await;
            self.life.lasts().await;
            return Err(Unavailable("the broker did not confirm".to_owned()));
        }
        Ok(())
    }

    fn note_what_came_again(&self, deliveries: &[Delivery]) {
        let ids = |is_again| {
            let of = deliveries.iter().filter(move |it| (it.redeliveries > 0) == is_again);
            of.flat_map(|it| &it.commands).map(|it| (it.client, it.message))
        };
        let mut again: BTreeSet<_> = ids(true).collect();
        for fresh in ids(false) {
            again.remove(&fresh);
        }
        *locked(&self.delivered_again) = again;
    }
}

#[async_trait]
impl WorkQueue for WorkerEnd {
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        loop {
            let changed = self.broker.changed.notified();
            self.life.lasts().await;
            self.sim.travel(&self.random).await;
            let is_open = !self.is_cut() && !self.life.is_over();
            let taken = if is_open { self.broker.take(self.number, commands_max) } else { None };
            if let Some(deliveries) = taken {
                let count: usize = deliveries.iter().map(|it| it.commands.len()).sum();
                self.sim.tell(format_args!("worker {}: takes {count}", self.number));
                self.note_what_came_again(&deliveries);
                self.life.comes_to(Moment::Received).await;
                return Some(deliveries);
            }
            changed.await;
        }
    }

    async fn acknowledge(&self, receipts: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        self.life.lasts().await;
        self.sim.travel(&self.random).await;
        self.life.lasts().await;
        let lost = Err(Unavailable("the connection was lost".to_owned()));
        if self.is_cut() {
            return lost;
        }
        if locked(&self.random).hits(self.sim.rates().acknowledge_failed) {
            self.broker.take_back(&receipts);
            return lost;
        }
        let is_whole = self.broker.acknowledge(&receipts);
        self.life.comes_to(Moment::Acknowledged).await;
        if is_whole { Ok(()) } else { lost }
    }

    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable> {
        self.life.lasts().await;
        self.sim.tell(format_args!("worker {}: buries {}: {reason}", self.number, command.message));
        locked(&self.sim.evidence).counts.panics += 1;
        Ok(())
    }
}

#[async_trait]
impl QueryQueue for WorkerEnd {
    async fn next(&self) -> Option<ReceivedQuery> {
        loop {
            let changed = self.broker.changed.notified();
            self.life.lasts().await;
            let asking = self.broker.next_question(self.number).filter(|_| !self.is_cut());
            if let Some(asking) = asking {
                let (life, is_cut) = (Arc::clone(&self.life), Arc::clone(&self.is_cut));
                let reply = Box::new(move |answer: CoreReply| {
                    if !life.is_over() && !is_cut.load(Ordering::Relaxed) {
                        asking.answer.send(answer).ok();
                    }
                });
                return Some(ReceivedQuery { question: asking.question, reply });
            }
            changed.await;
        }
    }
}

#[async_trait]
impl Announcer for WorkerEnd {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        self.publish(|chance| {
            for announcement in &batch {
                self.broker.tell_all(self.number, announcement, chance);
            }
        })
        .await?;
        self.life.comes_to(Moment::Announced).await;
        Ok(())
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        self.publish(|chance| self.broker.tell_senders(self.number, &batch, chance)).await?;
        locked(&self.sim.evidence).answered(&batch);
        self.life.comes_to(Moment::Answered).await;
        Ok(())
    }
}
