//! The ports of one gateway, on the simulated broker.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::bus_messages::{CommandEnvelope, CoreQuery, CoreReply, PresenceUpdate};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcements, Commands, Confirm, Incoming, Presence, Queries, SendError, Unavailable,
};
use sockbit_application::slot::Slot;
use tokio::time::{sleep, timeout};

use super::broker::Broker;
use super::gateway_queue::GatewayQueue;
use super::uplink::Uplink;
use crate::process_lifetime::Lifetime;
use crate::random::Random;
use crate::run_context::RunContext;

/// Time until a call fails without a connection to the broker.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);
const CONFIRMED_WITHIN: Duration = Duration::from_secs(5);
const REPLY_WITHIN: Duration = Duration::from_secs(5);

/// The bus of one gateway.
pub(crate) struct GatewayBus {
    pub context: Arc<RunContext>,
    pub broker: Arc<Broker>,
    pub queue: Arc<GatewayQueue>,
    pub lifetime: Arc<Lifetime>,
    pub uplink: Uplink,
    pub random: Mutex<Random>,
    /// Separate, so that lost presence updates change no other random choice.
    pub presence_random: Mutex<Random>,
}

/// What happens to a published batch.
#[derive(Clone, Copy)]
enum Fate {
    Normal,
    Refused,
    /// It cannot be sent: there is no connection.
    Unsent,
    /// It arrives, but the broker's confirmation does not.
    Unconfirmed,
    /// It is lost without an error.
    Lost,
    /// It arrives after the gateway has given up waiting.
    Late(Duration),
}

impl Fate {
    /// The broker's confirm, which takes this long if all is well.
    async fn confirm(self, latency: Duration) -> Result<(), SendError> {
        match self {
            Self::Normal => {
                sleep(latency).await;
                Ok(())
            }
            Self::Refused => Err(SendError::Refused("the queue is full".to_owned())),
            Self::Unsent => {
                sleep(CONNECTED_WITHIN).await;
                Err(SendError::Refused("no connection to the broker".to_owned()))
            }
            Self::Unconfirmed | Self::Lost | Self::Late(_) => {
                sleep(CONFIRMED_WITHIN).await;
                Err(SendError::Unknown("no confirmation in time".to_owned()))
            }
        }
    }
}

impl GatewayBus {
    fn fate(&self) -> Fate {
        let (mut random, rates) = (locked(&self.random), self.context.rates());
        if random.per_mille(rates.send_refused) {
            Fate::Refused
        } else if random.per_mille(rates.send_unknown) {
            let late = Fate::Late(random.millis(1_000, 9_000));
            random.pick(&[Fate::Unconfirmed, Fate::Lost, late], Fate::Lost)
        } else {
            Fate::Normal
        }
    }

    fn latency(&self) -> Duration {
        self.context.latency(&mut locked(&self.random))
    }

    /// Carries a query to a worker and its reply back; `None` if either is lost.
    async fn round_trip(&self, query: CoreQuery) -> Option<CoreReply> {
        self.pass().await?;
        let chosen = locked(&self.random).below(1_000);
        let received = self.broker.query(query, chosen)?;
        let reply = received.await.ok()?;
        self.pass().await?;
        Some(reply)
    }

    async fn pass(&self) -> Option<()> {
        self.context.wait_latency(&self.random).await;
        let is_lost = locked(&self.random).per_mille(self.context.rates().query_lost);
        (!is_lost && !self.queue.is_cut() && !self.lifetime.has_ended()).then_some(())
    }

    /// Changes the subscriptions. If the broker does not confirm, the change may still be made.
    async fn change_subscriptions(
        &self,
        carry_out: impl FnOnce(&GatewayQueue),
    ) -> Result<(), Unavailable> {
        self.lifetime.halt_if_ended().await;
        self.context.wait_latency(&self.random).await;
        let is_cut = self.queue.is_cut();
        let fails = is_cut || locked(&self.random).per_mille(self.context.rates().subscribe_failed);
        let is_applied = !is_cut && (!fails || locked(&self.random).percent(50));
        if is_applied {
            carry_out(&self.queue);
        }
        if fails {
            sleep(CONNECTED_WITHIN).await;
        }
        self.lifetime.halt_if_ended().await;
        if fails { Err(Unavailable("the broker did not reply".to_owned())) } else { Ok(()) }
    }
}

impl Commands for GatewayBus {
    fn send(&self, batch: Vec<CommandEnvelope>) -> Confirm<SendError> {
        for command in &batch {
            self.queue.address(command.reply_to.gateway);
        }
        let latency = self.latency();
        let (fate, confirm_latency) = (self.fate(), self.latency());
        let context = Arc::clone(&self.context);
        let (queue, broker) = (Arc::clone(&self.queue), Arc::clone(&self.broker));
        let (sender, lifetime) = (Arc::clone(&self.lifetime), Arc::clone(&self.lifetime));
        let arrived = self.uplink.send(latency, move || {
            let fate = if queue.is_cut() { Fate::Unsent } else { fate };
            if !sender.has_ended() {
                publish(&context, broker, batch, fate);
            }
            fate
        });
        Box::pin(async move {
            let Ok(fate) = arrived.await else { return std::future::pending().await };
            lifetime.halt_if_ended().await;
            let confirm = fate.confirm(confirm_latency).await;
            lifetime.halt_if_ended().await;
            confirm
        })
    }

    fn work_queue(&self, slot: Slot) -> u16 {
        u16::from(slot.0) % u16::try_from(self.context.parameters.queues).unwrap_or(u16::MAX)
    }
}

fn publish(context: &RunContext, broker: Arc<Broker>, batch: Vec<CommandEnvelope>, fate: Fate) {
    match fate {
        Fate::Normal | Fate::Unconfirmed => {
            let checked = locked(&context.observations).command_order.arrived(&batch);
            if let Err(fault) = checked {
                context.fault(fault);
            }
            broker.publish(batch);
        }
        Fate::Refused | Fate::Unsent | Fate::Lost => {}
        Fate::Late(pause) => {
            tokio::spawn(async move {
                sleep(pause).await;
                broker.publish(batch);
            });
        }
    }
}

#[async_trait]
impl Queries for GatewayBus {
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        self.lifetime.halt_if_ended().await;
        if matches!(query, CoreQuery::Admissions(_) | CoreQuery::EventPages(_)) {
            locked(&self.context.observations).counts.query_batches += 1;
        }
        let round_trip = async {
            match self.round_trip(query).await {
                Some(reply) => reply,
                // A lost query gets no reply: the timeout below ends it.
                None => std::future::pending().await,
            }
        };
        let reply = timeout(REPLY_WITHIN, round_trip).await;
        self.lifetime.halt_if_ended().await;
        reply.map_err(|_| Unavailable("no worker replied in time".to_owned()))
    }
}

#[async_trait]
impl Announcements for GatewayBus {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.change_subscriptions(|queue| queue.subscribe(slot)).await
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.change_subscriptions(|queue| queue.unsubscribe(slot)).await
    }

    async fn next(&self) -> Option<Incoming> {
        self.lifetime.halt_if_ended().await;
        let message = self.queue.next().await;
        self.lifetime.halt_if_ended().await;
        Some(message)
    }
}

#[async_trait]
impl Presence for GatewayBus {
    async fn publish(&self, presences: PresenceUpdate) {
        self.lifetime.halt_if_ended().await;
        if self.queue.is_cut() {
            return;
        }
        self.broker.publish_presence(&presences, || {
            let mut random = locked(&self.presence_random);
            let is_lost = random.per_mille(self.context.rates().presence_lost);
            (!is_lost).then(|| self.context.latency(&mut random))
        });
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        self.lifetime.halt_if_ended().await;
        let presences = self.queue.next_presence().await;
        self.lifetime.halt_if_ended().await;
        Some(presences)
    }
}
