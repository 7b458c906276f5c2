//! The ear of a gateway: one queue of its own, where events, outcomes, replies and the signs of life of
//! workers arrive.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::{Channel, Consumer};
use serde::de::DeserializeOwned;
use sockbit_application::envelope::{Announcement, OutcomeEnvelope};
use sockbit_application::mutex::locked;
use sockbit_application::ports::Incoming;
use sockbit_application::seal::{MessageKind, OpenError};
use sockbit_application::slot::Slot;
use tokio::sync::Notify;
use tokio::time::timeout;
use uuid::Uuid;

use super::bounded_inbox::BoundedInbox;
use super::pending_queries::PendingQueries;
use crate::bus_messages::{Heartbeat, ReplyMessage};
use crate::connection::{BrokerConnection, BrokerError};
use crate::consumer::consume_alone;
use crate::settings::Settings;
use crate::supervised_connection::{BEGUN_WITHIN, ConnectionRole, Phase, ShutdownSignal};
use crate::topology::{self, WORKERS_KEY, gateway_key, slot_key};
use crate::worker_registry::{FORGOTTEN_AFTER, WorkerRegistry};

/// Messages that the broker sends ahead.
const PREFETCH: u16 = 128;
const UNACKNOWLEDGED_MAX: u64 = 32;

/// Hears for one gateway.
pub(super) struct AnnouncementConsumer {
    pub settings: Arc<Settings>,
    pub news: BoundedInbox,
    pub waiting: PendingQueries,
    pub roster: WorkerRegistry,
    /// What is to be heard, also on the next connection.
    pub slots: Mutex<BTreeSet<Slot>>,
    worker_heard: Notify,
    /// The addresses that outcomes come to: those in whose name commands were sent from here.
    pub addresses: Mutex<BTreeSet<Uuid>>,
}

pub(super) struct Session {
    /// Which connection this is.
    number: u64,
    channel: Channel,
    queue: String,
    consumer: Mutex<Option<Consumer>>,
}

/// What a gateway wants to hear, or to hear no more.
#[derive(Clone, Copy, Debug)]
pub(super) enum BindingChange {
    Incoming(Slot),
    NoNews(Slot),
    Answers(Uuid),
}

impl AnnouncementConsumer {
    pub fn new(settings: Arc<Settings>) -> Self {
        let addresses = BTreeSet::from([settings.id]);
        Self {
            settings,
            news: BoundedInbox::default(),
            waiting: PendingQueries::default(),
            roster: WorkerRegistry::default(),
            slots: Mutex::default(),
            worker_heard: Notify::new(),
            addresses: Mutex::new(addresses),
        }
    }

    fn hear(&self, delivery: &Delivery) {
        let kind = delivery.properties.kind().as_ref().map_or("", |it| it.as_str());
        if let Err(error) = self.take_in(kind, &delivery.data) {
            metrics::counter!("sockbit_bus_unreadable_total").increment(1);
            tracing::warn!(%error, kind, "a message on the bus could not be read");
        }
    }

    fn take_in(&self, kind: &str, data: &[u8]) -> Result<(), OpenError> {
        match kind {
            "announcements" => {
                let announcement: Announcement = self.open(MessageKind::Announcements, data)?;
                // What was on its way when the slot was left.
                if locked(&self.slots).contains(&announcement.slot) {
                    self.news.put(Incoming::Announcement(announcement), data.len());
                }
            }
            "answers" => {
                let answers: Vec<OutcomeEnvelope> = self.open(MessageKind::Outcomes, data)?;
                self.news.put(Incoming::Outcomes(answers), data.len());
            }
            "replies" => {
                let replied: ReplyMessage = self.open(MessageKind::Replies, data)?;
                if replied.gateway == self.settings.id {
                    self.waiting.answer(replied.number, replied.answer);
                }
            }
            "presence" => {
                let sign: Heartbeat = self.open(MessageKind::Heartbeat, data)?;
                self.roster.hear(sign);
                self.worker_heard.notify_one();
            }
            other => return Err(OpenError::OtherKind(other.to_owned())),
        }
        Ok(())
    }

    fn open<T: DeserializeOwned>(&self, kind: MessageKind, data: &[u8]) -> Result<T, OpenError> {
        self.settings.keys.open(kind, data)
    }

    async fn bind_all(&self, session: &Session) -> lapin::Result<()> {
        let (exchange, key) = (self.settings.names.announce(), WORKERS_KEY.to_owned());
        topology::bind(&session.channel, &session.queue, exchange, key).await?;
        let addresses = locked(&self.addresses).clone();
        let slots = locked(&self.slots).clone();
        let wishes = addresses.into_iter().map(BindingChange::Answers);
        for wish in wishes.chain(slots.into_iter().map(BindingChange::Incoming)) {
            self.have(session, wish).await?;
        }
        Ok(())
    }

    /// Has it so on this connection.
    pub async fn have(&self, session: &Session, wish: BindingChange) -> lapin::Result<()> {
        let (Session { channel, queue, .. }, names) = (session, &self.settings.names);
        match wish {
            BindingChange::Incoming(slot) => {
                topology::bind(channel, queue, names.announce(), slot_key(slot)).await
            }
            BindingChange::NoNews(slot) => {
                topology::unbind(channel, queue, names.announce(), slot_key(slot)).await
            }
            BindingChange::Answers(address) => {
                topology::bind(channel, queue, names.announce(), gateway_key(address)).await
            }
        }
    }

    /// Where no worker is heard any more, the exchange may have been deleted, and the bindings with
    /// it, of which nobody is told: so they are made anew until one is.
    async fn rebind_in_silence(&self, session: &Session) -> String {
        let mut is_silent = true;
        loop {
            let heard = timeout(FORGOTTEN_AFTER, self.worker_heard.notified()).await.is_ok();
            if heard {
                is_silent = false;
                continue;
            }
            match timeout(BEGUN_WITHIN, self.bind_anew(session)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return BrokerError::Silent.to_string(),
            }
            if !std::mem::replace(&mut is_silent, true) {
                self.news.put(Incoming::Interrupted, 0);
            }
        }
    }

    async fn bind_anew(&self, session: &Session) -> lapin::Result<()> {
        topology::declare(&session.channel, &self.settings).await?;
        self.bind_all(session).await
    }

    async fn pump(&self, channel: &Channel, consumer: &mut Consumer) -> String {
        let mut unacknowledged = 0;
        while let Some(delivery) = consumer.next().await {
            let mut delivery = match delivery {
                Ok(delivery) => delivery,
                Err(error) => return error.to_string(),
            };
            self.hear(&delivery);
            unacknowledged += 1;
            while unacknowledged < UNACKNOWLEDGED_MAX
                && let Some(Some(Ok(next))) = consumer.next().now_or_never()
            {
                self.hear(&next);
                unacknowledged += 1;
                delivery = next;
            }
            let all = BasicAckOptions { multiple: true };
            if let Err(error) = channel.basic_ack(delivery.delivery_tag, all).await {
                return error.to_string();
            }
            unacknowledged = 0;
        }
        "the gateway's queue is gone".to_owned()
    }
}

#[async_trait]
impl ConnectionRole for AnnouncementConsumer {
    type Session = Session;

    fn name(&self) -> &'static str {
        "hearing"
    }

    async fn begin(
        &self,
        open: &Arc<BrokerConnection>,
        number: u64,
    ) -> Result<Session, BrokerError> {
        let channel = open.channel().await?;
        topology::declare(&channel, &self.settings).await?;
        let queue = self.settings.names.gateway(self.settings.id, number);
        topology::declare_gateway_queue(&channel, &queue).await?;
        let session = Session { number, channel, queue, consumer: Mutex::default() };
        self.bind_all(&session).await?;
        let consumer = consume_alone(&session.channel, &session.queue, PREFETCH).await?;
        *locked(&session.consumer) = Some(consumer);
        Ok(session)
    }

    async fn carry_on(&self, session: &Session, closing: &ShutdownSignal) -> String {
        let Some(mut consumer) = locked(&session.consumer).take() else { return String::new() };
        // Only here, where everything that happens from now on is heard, is it of use to ask what
        // happened in between.
        if session.number > 0 {
            self.news.put(Incoming::Interrupted, 0);
        }
        tokio::select! {
            reason = self.pump(&session.channel, &mut consumer) => reason,
            reason = self.rebind_in_silence(session) => reason,
            () = closing.reached(Phase::Draining) => String::new(),
        }
    }

    fn lost(&self, _: &Session) {
        // The answers that were on their way are lost.
        self.waiting.give_up();
    }
}
