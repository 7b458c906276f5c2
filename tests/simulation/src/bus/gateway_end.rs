//! The bus as one gateway sees it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::envelope::{CommandEnvelope, CoreQuery, CoreReply, PresenceUpdate};
use sockbit_application::ports::{
    Announcements, Commands, Incoming, Presence, Queries, SendError, Unavailable,
};
use sockbit_application::slot::Slot;
use tokio::time::{sleep, timeout};

use super::{Broker, Ear};
use crate::life::Life;
use crate::locked;
use crate::random::Random;
use crate::sim::Sim;

/// How long the broker is waited for where there is no connection to it.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);
const CONFIRMED_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// One gateway's ports.
pub(crate) struct GatewayEnd {
    pub sim: Arc<Sim>,
    pub broker: Arc<Broker>,
    pub ear: Arc<Ear>,
    pub life: Arc<Life>,
    pub random: Mutex<Random>,
    /// What becomes of presence changes nothing else.
    pub presence_random: Mutex<Random>,
}

/// What becomes of a batch on its way.
#[derive(Clone, Copy)]
enum Fate {
    Well,
    Refused,
    /// It arrives, and that is not confirmed.
    Unconfirmed,
    /// It does not arrive, and nobody says so.
    Lost,
    /// It arrives when the gateway has given up waiting.
    Late,
}

impl GatewayEnd {
    fn fate(&self) -> Fate {
        let (mut random, rates) = (locked(&self.random), self.sim.rates());
        if random.hits(rates.send_refused) {
            Fate::Refused
        } else if random.hits(rates.send_unknown) {
            random.pick(&[Fate::Unconfirmed, Fate::Lost, Fate::Late], Fate::Lost)
        } else {
            Fate::Well
        }
    }

    async fn unconfirmed(&self) -> Result<(), SendError> {
        sleep(CONFIRMED_WITHIN).await;
        self.life.lasts().await;
        Err(SendError::Unknown("no confirmation in time".to_owned()))
    }

    fn publish_late(&self, batch: Vec<CommandEnvelope>) {
        let pause = locked(&self.random).millis(1_000, 9_000);
        let broker = Arc::clone(&self.broker);
        tokio::spawn(async move {
            sleep(pause).await;
            broker.publish(batch);
        });
    }

    /// A question there and its answer back, if nothing comes in between.
    async fn conversation(&self, question: CoreQuery) -> Option<CoreReply> {
        self.pass().await?;
        let chosen = locked(&self.random).below(1_000);
        let answered = self.broker.query(question, chosen)?;
        let answer = answered.await.ok()?;
        self.pass().await?;
        Some(answer)
    }

    async fn pass(&self) -> Option<()> {
        self.sim.travel(&self.random).await;
        let is_lost = locked(&self.random).hits(self.sim.rates().question_lost);
        (!is_lost && !self.ear.is_cut() && !self.life.is_over()).then_some(())
    }

    /// Whether a wish about slots is heard, and whether the broker says so.
    async fn wish(&self, carry_out: impl FnOnce(&Ear)) -> Result<(), Unavailable> {
        self.life.lasts().await;
        self.sim.travel(&self.random).await;
        let is_cut = self.ear.is_cut();
        let fails = is_cut || locked(&self.random).hits(self.sim.rates().listen_failed);
        let is_heard = !is_cut && (!fails || locked(&self.random).percent(50));
        if is_heard {
            carry_out(&self.ear);
        }
        if fails {
            sleep(CONNECTED_WITHIN).await;
        }
        self.life.lasts().await;
        if fails { Err(Unavailable("the broker did not answer".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl Commands for GatewayEnd {
    async fn send(&self, batch: Vec<CommandEnvelope>) -> Result<(), SendError> {
        self.life.lasts().await;
        for command in &batch {
            self.ear.address(command.reply_to.gateway);
        }
        self.sim.travel(&self.random).await;
        self.life.lasts().await;
        if self.ear.is_cut() {
            sleep(CONNECTED_WITHIN).await;
            return Err(SendError::Refused("there is no connection".to_owned()));
        }
        match self.fate() {
            Fate::Well => self.broker.publish(batch),
            Fate::Refused => return Err(SendError::Refused("it is full".to_owned())),
            Fate::Unconfirmed => {
                self.broker.publish(batch);
                return self.unconfirmed().await;
            }
            Fate::Lost => return self.unconfirmed().await,
            Fate::Late => {
                self.publish_late(batch);
                return self.unconfirmed().await;
            }
        }
        self.sim.travel(&self.random).await;
        self.life.lasts().await;
        Ok(())
    }
}

#[async_trait]
impl Queries for GatewayEnd {
    async fn query(&self, question: CoreQuery) -> Result<CoreReply, Unavailable> {
        self.life.lasts().await;
        let conversation = async {
            match self.conversation(question).await {
                Some(answer) => answer,
                // Nobody says that something was lost.
                None => std::future::pending().await,
            }
        };
        let answer = timeout(ANSWER_WITHIN, conversation).await;
        self.life.lasts().await;
        answer.map_err(|_| Unavailable("no worker answered in time".to_owned()))
    }
}

#[async_trait]
impl Announcements for GatewayEnd {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.wish(|ear| ear.subscribe(slot)).await
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.wish(|ear| ear.unsubscribe(slot)).await
    }

    async fn next(&self) -> Option<Incoming> {
        self.life.lasts().await;
        let news = self.ear.next().await;
        self.life.lasts().await;
        Some(news)
    }
}

#[async_trait]
impl Presence for GatewayEnd {
    async fn publish(&self, presences: PresenceUpdate) {
        self.life.lasts().await;
        if self.ear.is_cut() {
            return;
        }
        self.broker.tell_of_people(&presences, || {
            let mut random = locked(&self.presence_random);
            let is_lost = random.hits(self.sim.rates().presence_lost);
            (!is_lost).then(|| self.sim.latency(&mut random))
        });
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        self.life.lasts().await;
        let presences = self.ear.next_presences().await;
        self.life.lasts().await;
        Some(presences)
    }
}
