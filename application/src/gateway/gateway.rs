//! The gateway of one process: its parts, and the loop that runs them.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use uuid::Uuid;

use super::command_batcher::CommandBatcher;
use super::connection_limiter::ConnectionLimiter;
use super::hub::EventHub;
use super::outcome_recipients::OutcomeRecipients;
use super::outgoing_queue::OutgoingQueue;
use super::presence::PresenceHub;
use super::query_batcher::QueryBatcher;
use super::settings::GatewaySettings;
use crate::bus_messages::AdmissionQuery;
use crate::ports::{Announcements, Commands, Ids, Incoming, Presence, Queries};

/// The ports of a gateway.
#[derive(Clone)]
pub struct GatewayPorts {
    /// Sends commands to the core.
    pub commands: Arc<dyn Commands>,
    /// Sends queries to the core.
    pub queries: Arc<dyn Queries>,
    /// Receives announcements and outcomes.
    pub announcements: Arc<dyn Announcements>,
    /// Exchanges presence with other gateways.
    pub presence: Arc<dyn Presence>,
    /// Mints trace ids and the gateway's own id.
    pub ids: Arc<dyn Ids>,
}

/// Holds the sessions of one process.
pub struct Gateway {
    pub(super) id: Uuid,
    pub(super) ports: GatewayPorts,
    pub(super) settings: GatewaySettings,
    pub(super) hub: Arc<EventHub>,
    pub(super) presence: PresenceHub,
    pub(super) command_batcher: CommandBatcher,
    pub(super) admissions: QueryBatcher<AdmissionQuery>,
    pub(super) limiter: Arc<ConnectionLimiter>,
    pub(super) recipients: OutcomeRecipients,
    /// Bytes in the outgoing queues of all sessions.
    outgoing_bytes: Arc<AtomicUsize>,
}

impl Gateway {
    /// Creates a gateway. It receives nothing until it [runs](Self::run).
    #[must_use]
    pub fn new(ports: GatewayPorts, settings: GatewaySettings) -> Arc<Self> {
        let id = ports.ids.mint();
        let (queries, announcements) =
            (Arc::clone(&ports.queries), Arc::clone(&ports.announcements));
        Arc::new(Self {
            id,
            command_batcher: CommandBatcher::new(),
            admissions: QueryBatcher::new(Arc::clone(&queries)),
            hub: Arc::new(EventHub::new(id, queries, announcements, &settings)),
            presence: PresenceHub::new(id, Arc::clone(&ports.presence)),
            limiter: Arc::new(ConnectionLimiter::new(&settings)),
            recipients: OutcomeRecipients::new(id),
            outgoing_bytes: Arc::default(),
            ports,
            settings,
        })
    }

    /// Runs the gateway until the bus is closed: sends commands and queries, receives announcements
    /// and outcomes, compares heads and exchanges presence.
    pub async fn run(self: &Arc<Self>) {
        let send_again = |outcomes| self.recipients.deliver(outcomes);
        let sending = self.command_batcher.run(&*self.ports.commands, send_again);
        tokio::select! {
            // Always in the same order, so that a simulated run can be repeated.
            biased;
            () = self.receive() => {}
            () = self.hub.continue_serving() => {}
            () = sending => {}
            () = self.admissions.run() => {}
            () = self.hub.event_pages.run() => {}
            () = self.hub.compare_heads_periodically(self.settings.heads_every) => {}
            () = self.hub.unsubscribe_periodically(self.settings.heads_every) => {}
            () = self.presence.run() => {}
        }
    }

    async fn receive(&self) {
        while let Some(incoming) = self.ports.announcements.next().await {
            match incoming {
                Incoming::Announcement(announcement) => self.hub.announce(announcement).await,
                Incoming::Outcomes(outcomes) => self.recipients.deliver(outcomes),
                Incoming::Interrupted => self.hub.request_head_comparison(),
            }
        }
    }

    /// The number of open sessions.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.limiter.connections()
    }

    /// An empty queue whose bytes count towards the limit of the process.
    pub(super) fn new_outgoing_queue(&self) -> Arc<OutgoingQueue> {
        Arc::new(OutgoingQueue::new(&self.settings, Arc::clone(&self.outgoing_bytes)))
    }
}
