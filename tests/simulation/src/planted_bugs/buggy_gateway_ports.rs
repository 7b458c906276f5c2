//! Gateways that trust a wrong position or drop what the bus delivers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sockbit_application::bus_messages::{CoreQuery, CoreReply, PresenceUpdate};
use sockbit_application::gateway::GatewayPorts;
use sockbit_application::ports::{Announcements, Incoming, Presence, Queries, Unavailable};
use sockbit_application::slot::Slot;

use crate::planted_bugs::PlantedBug;
use crate::run_context::RunContext;

pub(super) struct BuggyGatewayPorts {
    context: Arc<RunContext>,
    queries: Arc<dyn Queries>,
    announcements: Arc<dyn Announcements>,
    presence: Arc<dyn Presence>,
}

impl BuggyGatewayPorts {
    pub fn new(context: &Arc<RunContext>, ports: &GatewayPorts) -> Self {
        Self {
            context: Arc::clone(context),
            queries: Arc::clone(&ports.queries),
            announcements: Arc::clone(&ports.announcements),
            presence: Arc::clone(&ports.presence),
        }
    }

    fn altered(&self, reply: CoreReply, has_position: bool) -> CoreReply {
        match (self.context.bug, reply) {
            (PlantedBug::ResumesFromAnyPosition, CoreReply::Admission(Ok(mut admission))) => {
                admission.resumable |= has_position;
                CoreReply::Admission(Ok(admission))
            }
            (PlantedBug::SkipsFirstEventOfPage, CoreReply::Events(events)) if events.len() > 1 => {
                CoreReply::Events(events.into_iter().skip(1).collect())
            }
            (_, reply) => reply,
        }
    }
}

#[async_trait]
impl Queries for BuggyGatewayPorts {
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        let is_page = matches!(query, CoreQuery::Events { .. });
        let has_position = matches!(query, CoreQuery::Admission { position: Some(_), .. });
        let pages = &self.context.bug_state.event_pages_in_flight;
        pages.fetch_add(usize::from(is_page), Ordering::Relaxed);
        let reply = self.queries.query(query).await;
        pages.fetch_sub(usize::from(is_page), Ordering::Relaxed);
        Ok(self.altered(reply?, has_position))
    }
}

/// Passes on everything but `Interrupted`.
#[async_trait]
impl Announcements for BuggyGatewayPorts {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.announcements.subscribe(slot).await
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.announcements.unsubscribe(slot).await
    }

    async fn next(&self) -> Option<Incoming> {
        loop {
            match self.announcements.next().await? {
                Incoming::Interrupted => {}
                message => return Some(message),
            }
        }
    }
}

/// Publishes its own presence and drops that of other gateways.
#[async_trait]
impl Presence for BuggyGatewayPorts {
    async fn publish(&self, presences: PresenceUpdate) {
        self.presence.publish(presences).await;
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        while self.presence.next_update().await.is_some() {}
        None
    }
}
