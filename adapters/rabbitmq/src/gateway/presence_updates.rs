//! Publishes and consumes the presence updates between gateways.
//!
//! They are consumed on a connection of their own, so that they never delay announcements. They are
//! published on the publisher's connection: a broker without memory or disk space stops reading
//! from connections that publish, and would not receive acknowledgements sent on them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lapin::message::Delivery;
use sockbit_application::bounded_inbox::BoundedInbox;
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::PresenceUpdate;
use sockbit_application::mutex::locked;
use sockbit_application::slot::Slot;
use tokio::time::timeout;

use super::exclusive_queue::ExclusiveQueue;
use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::names::slot_key;
use crate::outgoing_message::OutgoingMessage;
use crate::publisher::Publisher;
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::{ConnectionRole, SupervisedConnection};
use crate::topology;
use crate::unreadable_message_report::report_unreadable;

const PREFETCH: u16 = 32;
/// Updates that are received and not taken yet. The oldest are dropped first: every state is published
/// again.
const UPDATES_MAX: usize = 256;
/// Short, because a client that joins a board waits for it, and can edit without presence.
const BINDING_TIMEOUT: Duration = Duration::from_secs(1);
const PUBLISH_TIMEOUT: Duration = Duration::from_millis(200);

/// The role of a gateway's presence connection.
pub(super) struct PresenceUpdates {
    settings: Arc<Settings>,
    publisher: Publisher,
    /// The subscribed slots, which each new connection binds.
    slots: Mutex<BTreeSet<Slot>>,
    received: BoundedInbox<PresenceUpdate>,
}

impl PresenceUpdates {
    pub fn new(settings: Arc<Settings>, publisher: Publisher) -> Self {
        let received = BoundedInbox::new(UPDATES_MAX, usize::MAX);
        Self { settings, publisher, slots: Mutex::default(), received }
    }

    /// Publishes an update, or drops it if the broker does not accept it at once.
    pub async fn publish(&self, update: &PresenceUpdate) {
        if !matches!(timeout(PUBLISH_TIMEOUT, self.try_publish(update)).await, Ok(Ok(()))) {
            count_dropped(1);
        }
    }

    async fn try_publish(&self, update: &PresenceUpdate) -> Result<(), String> {
        let (settings, kind) = (&self.settings, MessageKind::Presence);
        let body = settings.sign(kind, update)?;
        let (exchange, key) = (settings.names.presence(), slot_key(update.slot));
        let message = OutgoingMessage::transient(exchange, key, kind.name(), body);
        self.publisher.publish_unconfirmed(message).await
    }

    async fn bind(&self, queue: &ExclusiveQueue, slot: Slot) -> lapin::Result<()> {
        queue.bind(self.settings.names.presence(), slot_key(slot)).await
    }

    async fn unbind(&self, queue: &ExclusiveQueue, slot: Slot) -> lapin::Result<()> {
        queue.unbind(self.settings.names.presence(), slot_key(slot)).await
    }

    /// Waits for the next update of another gateway.
    pub async fn next(&self) -> PresenceUpdate {
        self.received.next_item().await
    }

    fn receive(&self, delivery: &Delivery) {
        let update: PresenceUpdate =
            match self.settings.keys.verify(MessageKind::Presence, &delivery.data) {
                Ok(update) => update,
                Err(error) => return report_unreadable(delivery, &error),
            };
        // An update may still arrive after its slot was unsubscribed.
        if locked(&self.slots).contains(&update.slot) {
            count_dropped(self.received.push(update, 0));
        }
    }
}

fn count_dropped(updates: usize) {
    if updates > 0 {
        let updates = u64::try_from(updates).unwrap_or(u64::MAX);
        metrics::counter!("sockbit_presence_dropped_total").increment(updates);
    }
}

#[async_trait]
impl ConnectionRole for PresenceUpdates {
    type Channels = ExclusiveQueue;

    fn name(&self) -> &'static str {
        "presence"
    }

    async fn set_up(
        &self,
        connection: &Arc<BrokerConnection>,
        number: u64,
    ) -> Result<ExclusiveQueue, BrokerError> {
        let channel = connection.open_channel().await?;
        topology::declare(&channel, &self.settings).await?;
        let name = self.settings.names.gateway_presence(self.settings.id, number);
        topology::declare_presence_queue(&channel, &name).await?;
        let queue = ExclusiveQueue::new(channel, name);
        queue.start_consumer(PREFETCH).await?;
        Ok(queue)
    }

    async fn serve(&self, queue: &ExclusiveQueue, shutdown: &ShutdownSignal) -> String {
        // Not in `set_up`: only now this is the current connection, on which `subscribe` binds slots.
        let slots = locked(&self.slots).clone();
        for slot in slots {
            if let Err(error) = self.bind(queue, slot).await {
                return error.to_string();
            }
        }
        tokio::select! {
            reason = queue.consume(|delivery| self.receive(delivery)) => reason,
            () = shutdown.reached(Phase::Draining) => String::new(),
        }
    }

    fn disconnected(&self, _: &ExclusiveQueue) {}
}

impl SupervisedConnection<PresenceUpdates> {
    /// Receives the updates of a slot, on the current connection or on the next one.
    pub async fn subscribe(&self, slot: Slot) {
        // First, so that a connection that is opened meanwhile binds it, too.
        locked(&self.role.slots).insert(slot);
        if let Some(live) = self.current() {
            let bound = timeout(BINDING_TIMEOUT, self.role.bind(&live.channels, slot)).await;
            if !matches!(bound, Ok(Ok(()))) {
                live.report_failure("a slot could not be bound");
            }
        }
    }

    pub async fn unsubscribe(&self, slot: Slot) {
        locked(&self.role.slots).remove(&slot);
        if let Some(live) = self.current() {
            let unbound = timeout(BINDING_TIMEOUT, self.role.unbind(&live.channels, slot)).await;
            if !matches!(unbound, Ok(Ok(()))) {
                live.report_failure("a slot could not be unbound");
            }
        }
    }
}
