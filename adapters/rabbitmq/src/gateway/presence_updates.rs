//! What gateways tell each other of people: heard on a connection of its own, so that however much it is,
//! no news waits behind it. Nothing is told on that one, for a broker that is short of memory or disk
//! stops reading where somebody publishes, and would not hear what is acknowledged.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::{Channel, Consumer};
use sockbit_application::envelope::PresenceUpdate;
use sockbit_application::mutex::locked;
use sockbit_application::seal::MessageKind;
use sockbit_application::slot::Slot;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::connection::{BrokerConnection, BrokerError};
use crate::consumer::consume_alone;
use crate::publisher::{OutgoingMessage, Publisher};
use crate::settings::Settings;
use crate::supervised_connection::{ConnectionRole, Phase, ShutdownSignal, SupervisedConnection};
use crate::topology::{self, slot_key};

/// Messages that the broker sends ahead.
const PREFETCH: u16 = 32;
/// Messages that wait to be looked at. The oldest make room: all is told again.
const WAITING_MAX: usize = 256;
/// Who joins a board waits no longer for this, for it is not needed to write.
const BOUND_WITHIN: Duration = Duration::from_secs(1);
const TOLD_WITHIN: Duration = Duration::from_millis(200);

/// Tells and hears for one gateway.
pub(super) struct PresenceUpdates {
    settings: Arc<Settings>,
    publisher: Publisher,
    /// What is to be heard, also on the next connection.
    slots: Mutex<BTreeSet<Slot>>,
    waiting: Mutex<VecDeque<PresenceUpdate>>,
    arrived: Notify,
}

pub(super) struct Session {
    channel: Channel,
    queue: String,
    consumer: Mutex<Option<Consumer>>,
}

impl PresenceUpdates {
    pub fn new(settings: Arc<Settings>, publisher: Publisher) -> Self {
        let (slots, waiting) = (Mutex::default(), Mutex::default());
        Self { settings, publisher, slots, waiting, arrived: Notify::new() }
    }

    /// Tells, if the broker takes it at once.
    pub async fn tell(&self, presences: &PresenceUpdate) {
        if !matches!(timeout(TOLD_WITHIN, self.post(presences)).await, Ok(Ok(()))) {
            count_as_dropped();
        }
    }

    async fn post(&self, presences: &PresenceUpdate) -> Result<(), String> {
        let (settings, kind) = (&self.settings, MessageKind::Presence);
        let sealed = settings.keys.seal(kind, presences).map_err(|error| error.to_string())?;
        let (exchange, key) = (settings.names.presence(), slot_key(presences.slot));
        self.publisher.post(OutgoingMessage::news(exchange, key, kind.name(), sealed)).await
    }

    /// Waits for what is told next.
    pub async fn next(&self) -> PresenceUpdate {
        loop {
            let next = locked(&self.waiting).pop_front();
            match next {
                Some(presences) => return presences,
                None => self.arrived.notified().await,
            }
        }
    }

    fn take_in(&self, delivery: &Delivery) {
        let presences: PresenceUpdate =
            match self.settings.keys.open(MessageKind::Presence, &delivery.data) {
                Ok(presences) => presences,
                Err(error) => {
                    metrics::counter!("sockbit_bus_unreadable_total").increment(1);
                    tracing::warn!(%error, "what was told of people could not be read");
                    return;
                }
            };
        // What was on its way when the slot was left.
        if !locked(&self.slots).contains(&presences.slot) {
            return;
        }
        let mut waiting = locked(&self.waiting);
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
            count_as_dropped();
        }
        waiting.push_back(presences);
        drop(waiting);
        self.arrived.notify_one();
    }

    async fn bind(&self, session: &Session, slot: Slot) -> lapin::Result<()> {
        let exchange = self.settings.names.presence();
        topology::bind(&session.channel, &session.queue, exchange, slot_key(slot)).await
    }

    async fn unbind(&self, session: &Session, slot: Slot) -> lapin::Result<()> {
        let exchange = self.settings.names.presence();
        topology::unbind(&session.channel, &session.queue, exchange, slot_key(slot)).await
    }

    async fn pump(&self, channel: &Channel, consumer: &mut Consumer) -> String {
        while let Some(delivery) = consumer.next().await {
            let delivery = match delivery {
                Ok(delivery) => delivery,
                Err(error) => return error.to_string(),
            };
            self.take_in(&delivery);
            let one = BasicAckOptions::default();
            if let Err(error) = channel.basic_ack(delivery.delivery_tag, one).await {
                return error.to_string();
            }
        }
        "the queue of presence is gone".to_owned()
    }
}

impl SupervisedConnection<PresenceUpdates> {
    /// Has what is told in a slot arrive, on the connection that stands or else on the next.
    pub async fn subscribe(&self, slot: Slot) {
        // Before it is bound, so that a connection that comes meanwhile binds it too.
        locked(&self.purpose.slots).insert(slot);
        if let Some(standing) = self.now() {
            let bound = timeout(BOUND_WITHIN, self.purpose.bind(&standing.session, slot)).await;
            if !matches!(bound, Ok(Ok(()))) {
                standing.give_up("a slot could not be bound");
            }
        }
    }

    /// Has it arrive no more.
    pub async fn unsubscribe(&self, slot: Slot) {
        locked(&self.purpose.slots).remove(&slot);
        if let Some(standing) = self.now() {
            let bound = timeout(BOUND_WITHIN, self.purpose.unbind(&standing.session, slot)).await;
            if !matches!(bound, Ok(Ok(()))) {
                standing.give_up("a slot could not be let go");
            }
        }
    }
}

fn count_as_dropped() {
    metrics::counter!("sockbit_presence_dropped_total").increment(1);
}

#[async_trait]
impl ConnectionRole for PresenceUpdates {
    type Session = Session;

    fn name(&self) -> &'static str {
        "presence"
    }

    async fn begin(
        &self,
        open: &Arc<BrokerConnection>,
        number: u64,
    ) -> Result<Session, BrokerError> {
        let channel = open.channel().await?;
        topology::declare(&channel, &self.settings).await?;
        let queue = self.settings.names.presence_of(self.settings.id, number);
        topology::declare_people_queue(&channel, &queue).await?;
        let session = Session { channel, queue, consumer: Mutex::default() };
        let consumer = consume_alone(&session.channel, &session.queue, PREFETCH).await?;
        *locked(&session.consumer) = Some(consumer);
        Ok(session)
    }

    async fn carry_on(&self, session: &Session, closing: &ShutdownSignal) -> String {
        let Some(mut consumer) = locked(&session.consumer).take() else { return String::new() };
        // Here, where this is the connection that stands: whoever listens from now on binds too.
        let slots = locked(&self.slots).clone();
        for slot in slots {
            if let Err(error) = self.bind(session, slot).await {
                return error.to_string();
            }
        }
        tokio::select! {
            reason = self.pump(&session.channel, &mut consumer) => reason,
            () = closing.reached(Phase::Draining) => String::new(),
        }
    }

    fn lost(&self, _: &Session) {}
}
