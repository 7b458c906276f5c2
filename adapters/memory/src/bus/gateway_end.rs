//! The bus as a gateway sees it.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::envelope::{
    Announcement, CommandEnvelope, CoreQuery, CoreReply, OutcomeEnvelope, PresenceUpdate,
};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcements, Commands, Incoming, Presence, Queries, SendError, Unavailable,
};
use sockbit_application::slot::Slot;
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use super::Shared;
use super::bounded_inbox::Inbox;
use super::presence_inbox::PresenceInbox;

const SEND_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// One gateway's ports.
pub struct GatewayEnd {
    shared: Arc<Shared>,
    subscriber: Arc<Subscriber>,
}

/// What a gateway hears, and of that what waits for it.
#[derive(Default)]
pub(super) struct Subscriber {
    inbox: Inbox,
    presences: PresenceInbox,
    slots: Mutex<BTreeSet<Slot>>,
    /// The gateways in whose name commands were sent from here: usually one.
    senders: Mutex<HashSet<Uuid>>,
}

impl GatewayEnd {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let subscriber = Arc::default();
        locked(&shared.subscribers).push(Arc::downgrade(&subscriber));
        Self { shared, subscriber }
    }
}

impl Subscriber {
    pub fn announced(&self, announcement: &Arc<Announcement>, bytes: usize) {
        if locked(&self.slots).contains(&announcement.slot) {
            self.inbox.announced(announcement, bytes);
        }
    }

    fn told(&self, presences: &Arc<PresenceUpdate>) {
        if locked(&self.slots).contains(&presences.slot) {
            self.presences.put(presences);
        }
    }

    pub fn answered(&self, answers: &[OutcomeEnvelope]) {
        let senders = locked(&self.senders);
        let own = answers.iter().filter(|it| senders.contains(&it.to.gateway));
        let own: Vec<_> = own.cloned().collect();
        drop(senders);
        if !own.is_empty() {
            self.inbox.answered(own);
        }
    }
}

#[async_trait]
impl Commands for GatewayEnd {
    async fn send(&self, batch: Vec<CommandEnvelope>) -> Result<(), SendError> {
        locked(&self.subscriber.senders).extend(batch.iter().map(|it| it.reply_to.gateway));
        tokio::select! {
            biased;
            () = self.shared.closed() => Err(SendError::Refused("the bus is closed".to_owned())),
            sent = timeout(SEND_WITHIN, self.shared.commands.send(batch)) => sent
                .ok()
                .flatten()
                .ok_or_else(|| SendError::Refused("the workers do not keep up".to_owned())),
        }
    }
}

#[async_trait]
impl Queries for GatewayEnd {
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let asking = async {
            self.shared.queries.send((query, reply)).await.ok()?;
            answer.await.ok()
        };
        tokio::select! {
            () = self.shared.closed() => Err(Unavailable("the bus is closed".to_owned())),
            answer = timeout(ANSWER_WITHIN, asking) => answer
                .ok()
                .flatten()
                .ok_or_else(|| Unavailable("no worker answered in time".to_owned())),
        }
    }
}

#[async_trait]
impl Announcements for GatewayEnd {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        locked(&self.subscriber.slots).insert(slot);
        Ok(())
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        locked(&self.subscriber.slots).remove(&slot);
        Ok(())
    }

    async fn next(&self) -> Option<Incoming> {
        tokio::select! {
            biased;
            () = self.shared.closed() => None,
            news = self.subscriber.inbox.next() => Some(news),
        }
    }
}

#[async_trait]
impl Presence for GatewayEnd {
    async fn publish(&self, presences: PresenceUpdate) {
        let presences = Arc::new(presences);
        self.shared.tell(|subscriber| {
            if !std::ptr::eq(subscriber, &raw const *self.subscriber) {
                subscriber.told(&presences);
            }
        });
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        tokio::select! {
            biased;
            () = self.shared.closed() => None,
            presences = self.subscriber.presences.next() => Some(presences),
        }
    }
}
