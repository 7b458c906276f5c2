//! Gateways that trust a wrong position or drop what the bus delivers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::bus_messages::{CommandEnvelope, CoreQuery, CoreReply, PresenceUpdate};
use sockbit_application::gateway::GatewayPorts;
use sockbit_application::ports::{
    Announcements, Commands, Confirm, Incoming, Presence, Queries, SendError, Unavailable,
};
use sockbit_application::slot::Slot;
use tokio::time::sleep;

use crate::planted_bugs::PlantedBug;
use crate::run_context::RunContext;

pub(super) struct BuggyGatewayPorts {
    context: Arc<RunContext>,
    commands: Arc<dyn Commands>,
    batches: AtomicUsize,
    queries: Arc<dyn Queries>,
    announcements: Arc<dyn Announcements>,
    presence: Arc<dyn Presence>,
}

impl BuggyGatewayPorts {
    pub fn new(context: &Arc<RunContext>, ports: &GatewayPorts) -> Self {
        Self {
            context: Arc::clone(context),
            commands: Arc::clone(&ports.commands),
            batches: AtomicUsize::new(0),
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

/// Publishes every other batch a little later.
impl Commands for BuggyGatewayPorts {
    fn send(&self, batch: Vec<CommandEnvelope>) -> Confirm<SendError> {
        let commands = Arc::clone(&self.commands);
        if self.batches.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return commands.send(batch);
        }
        Box::pin(async move {
            sleep(Duration::from_millis(50)).await;
            commands.send(batch).await
        })
    }

    fn work_queue(&self, slot: Slot) -> u16 {
        self.commands.work_queue(slot)
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
