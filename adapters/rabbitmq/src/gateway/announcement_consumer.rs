//! Consumes a gateway's own queue: announcements, outcomes, replies and heartbeats of workers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lapin::message::Delivery;
use serde::de::DeserializeOwned;
use sockbit_application::bounded_inbox::{BoundedInbox, Received};
use sockbit_application::bus_message_signing::{MessageKind, VerificationError};
use sockbit_application::bus_messages::{Announcement, OutcomeEnvelope};
use sockbit_application::ports::{Incoming, Unavailable};
use sockbit_application::slot::Slot;
use tokio::sync::Notify;
use tokio::time::timeout;
use uuid::Uuid;

use super::bindings::{BindingChange, Bindings};
use super::exclusive_queue::ExclusiveQueue;
use super::pending_queries::PendingQueries;
use crate::announcement_message::AnnouncementMessage;
use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::heartbeat::Heartbeat;
use crate::names::HEARTBEAT_KEY;
use crate::query_messages::ReplyMessage;
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::{ConnectionRole, SET_UP_TIMEOUT, SupervisedConnection};
use crate::topology;
use crate::unreadable_message_report::report_unreadable;
use crate::worker_registry::WorkerRegistry;

const PREFETCH: u16 = 128;
const INCOMING_MAX: usize = 4_096;
const INCOMING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The time without heartbeats after which everything is declared and bound again.
const NO_HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(6);
/// For a change of a binding, including the time to reconnect.
const BINDING_TIMEOUT: Duration = Duration::from_secs(5);
const REPLACED_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The role of a gateway's receiving connection.
pub(super) struct AnnouncementConsumer {
    settings: Arc<Settings>,
    incoming: BoundedInbox<Incoming>,
    pub pending_queries: PendingQueries,
    pub workers: WorkerRegistry,
    bindings: Bindings,
    heartbeat_received: Notify,
}

pub(super) struct AnnouncementQueue {
    /// The number of the connection.
    connection: u64,
    queue: ExclusiveQueue,
}

impl AnnouncementConsumer {
    pub fn new(settings: Arc<Settings>) -> Self {
        let bindings = Bindings::new(settings.id);
        Self {
            settings,
            incoming: BoundedInbox::new(INCOMING_MAX, INCOMING_BYTES_MAX),
            pending_queries: PendingQueries::default(),
            workers: WorkerRegistry::default(),
            bindings,
            heartbeat_received: Notify::new(),
        }
    }

    /// Waits for the next message of the port `Announcements`.
    pub async fn next(&self) -> Incoming {
        match self.incoming.next().await {
            Received::Item(incoming) => incoming,
            Received::Overflowed => Incoming::Interrupted,
        }
    }

    fn receive(&self, delivery: &Delivery) {
        let message_type = delivery.properties.kind().as_ref().map_or("", |it| it.as_str());
        if let Err(error) = self.dispatch(message_type, &delivery.data) {
            report_unreadable(delivery, &error);
        }
    }

    fn dispatch(&self, message_type: &str, data: &[u8]) -> Result<(), VerificationError> {
        match message_type {
            "announcements" => {
                let message = self.open(MessageKind::Announcements, data)?;
                self.receive_announcement(message, data.len());
            }
            "answers" => {
                let outcomes: Vec<OutcomeEnvelope> = self.open(MessageKind::Outcomes, data)?;
                self.incoming.push(Incoming::Outcomes(outcomes), data.len());
            }
            "replies" => {
                let message: ReplyMessage = self.open(MessageKind::Replies, data)?;
                if message.gateway == self.settings.id {
                    self.pending_queries.complete(message.number, message.reply);
                }
            }
            "presence" => {
                let heartbeat: Heartbeat = self.open(MessageKind::Heartbeat, data)?;
                self.workers.record(heartbeat);
                self.heartbeat_received.notify_one();
            }
            other => return Err(VerificationError::OtherKind(other.to_owned())),
        }
        Ok(())
    }

    fn receive_announcement(&self, message: AnnouncementMessage, bytes: usize) {
        let AnnouncementMessage { slot, events, mut outcomes } = message;
        // An announcement may still arrive after its slot was unsubscribed.
        if self.bindings.has_slot(slot) {
            let announcement = Announcement { slot, events };
            self.incoming.push(Incoming::Announcement(announcement), bytes);
        }
        outcomes.retain(|it| self.bindings.has_gateway(it.to.gateway));
        if !outcomes.is_empty() {
            self.incoming.push(Incoming::Outcomes(outcomes), bytes);
        }
    }

    fn open<T: DeserializeOwned>(
        &self,
        kind: MessageKind,
        data: &[u8],
    ) -> Result<T, VerificationError> {
        self.settings.keys.verify(kind, data)
    }

    async fn bind_all(&self, queue: &ExclusiveQueue) -> lapin::Result<()> {
        queue.bind(self.settings.names.announce(), HEARTBEAT_KEY.to_owned()).await?;
        for change in self.bindings.all() {
            change.apply(queue, &self.settings.names).await?;
        }
        Ok(())
    }

    /// Declares and binds everything again whenever no worker sends heartbeats: the exchange may
    /// have been deleted and its bindings with it, and the broker sends no notification of that.
    async fn rebind_without_heartbeats(&self, queue: &ExclusiveQueue) -> String {
        let mut has_timed_out = true;
        loop {
            let heartbeat = timeout(NO_HEARTBEAT_TIMEOUT, self.heartbeat_received.notified());
            if heartbeat.await.is_ok() {
                has_timed_out = false;
                continue;
            }
            match timeout(SET_UP_TIMEOUT, self.redeclare(queue)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return BrokerError::Timeout.to_string(),
            }
            if !std::mem::replace(&mut has_timed_out, true) {
                self.incoming.push(Incoming::Interrupted, 0);
            }
        }
    }

    async fn redeclare(&self, queue: &ExclusiveQueue) -> lapin::Result<()> {
        topology::declare(&queue.channel, &self.settings).await?;
        self.bind_all(queue).await
    }
}

#[async_trait]
impl ConnectionRole for AnnouncementConsumer {
    type Channels = AnnouncementQueue;

    fn name(&self) -> &'static str {
        "announcements"
    }

    async fn set_up(
        &self,
        connection: &Arc<BrokerConnection>,
        number: u64,
    ) -> Result<AnnouncementQueue, BrokerError> {
        let channel = connection.open_channel().await?;
        topology::declare(&channel, &self.settings).await?;
        let name = self.settings.names.gateway(self.settings.id, number);
        topology::declare_gateway_queue(&channel, &name).await?;
        let queue = ExclusiveQueue::new(channel, name);
        self.bind_all(&queue).await?;
        queue.start_consumer(PREFETCH).await?;
        Ok(AnnouncementQueue { connection: number, queue })
    }

    async fn serve(&self, channels: &AnnouncementQueue, shutdown: &ShutdownSignal) -> String {
        let queue = &channels.queue;
        // Not before the queue is bound and consumed: the gateway then compares the heads, and every
        // later event is received.
        if channels.connection > 0 {
            self.incoming.push(Incoming::Interrupted, 0);
        }
        tokio::select! {
            reason = queue.consume(|delivery| self.receive(delivery)) => reason,
            reason = self.rebind_without_heartbeats(queue) => reason,
            () = shutdown.reached(Phase::Draining) => String::new(),
        }
    }

    fn disconnected(&self, _: &AnnouncementQueue) {
        // Replies in transit are lost with the queue.
        self.pending_queries.fail_all();
    }
}

impl SupervisedConnection<AnnouncementConsumer> {
    pub async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        // First, so that a connection that is opened meanwhile binds it, too.
        self.role.bindings.add_slot(slot);
        self.change_binding(BindingChange::AddSlot(slot)).await
    }

    pub async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.role.bindings.remove_slot(slot);
        self.change_binding(BindingChange::RemoveSlot(slot)).await
    }

    /// Binds the gateways to which outcomes will be sent, unless they are bound. One call at a time.
    pub async fn bind_gateways(&self, gateways: BTreeSet<Uuid>) -> Result<(), String> {
        for gateway in gateways {
            if self.role.bindings.add_gateway(gateway)
                && let Err(error) = self.change_binding(BindingChange::AddGateway(gateway)).await
            {
                self.role.bindings.remove_gateway(gateway);
                return Err(error.0);
            }
        }
        Ok(())
    }

    /// Changes a binding on the current connection or, if that fails, on the next one.
    async fn change_binding(&self, change: BindingChange) -> Result<(), Unavailable> {
        let changed = timeout(BINDING_TIMEOUT, self.change_binding_until_done(change)).await;
        changed.unwrap_or_else(|_| Err(BrokerError::Timeout.to_string())).map_err(Unavailable)
    }

    async fn change_binding_until_done(&self, change: BindingChange) -> Result<(), String> {
        loop {
            let live = self.wait_until_connected(BINDING_TIMEOUT).await?;
            match change.apply(&live.channels.queue, &self.role.settings.names).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    live.report_failure(&error.to_string());
                    self.wait_until_replaced(&live.channels).await;
                }
            }
        }
    }

    /// Waits until a failed connection is not the current one any longer.
    async fn wait_until_replaced(&self, failed: &AnnouncementQueue) {
        while let Some(current) = self.current()
            && std::ptr::eq(&raw const current.channels, failed)
        {
            tokio::time::sleep(REPLACED_POLL_INTERVAL).await;
        }
    }
}
