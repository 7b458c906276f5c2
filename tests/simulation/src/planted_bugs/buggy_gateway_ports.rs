//! Gateways that trust a wrong position or drop what the bus delivers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::bus_messages::{
    CommandEnvelope, CoreQuery, CoreReply, EventPage, PresenceUpdate,
};
use sockbit_application::gateway::GatewayPorts;
use sockbit_application::ports::{
    Announcements, Commands, Confirm, Incoming, Presence, Queries, SendError, Unavailable,
};
use sockbit_application::slot::Slot;
use sockbit_domain::{Event, Position};
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

    /// `positions` are those of the admissions that were queried.
    fn altered(&self, mut reply: CoreReply, positions: &[Option<Position>]) -> CoreReply {
        match (self.context.bug, &mut reply) {
            (PlantedBug::ResumesFromAnyPosition, CoreReply::Admission(Ok(admission))) => {
                admission.resumable |= positions.iter().any(Option::is_some);
            }
            (PlantedBug::ResumesFromAnyPosition, CoreReply::Admissions(admissions)) => {
                for (admission, position) in admissions.iter_mut().zip(positions) {
                    if let Some(Ok(admission)) = admission {
                        admission.resumable |= position.is_some();
                    }
                }
            }
            (PlantedBug::SkipsFirstEventOfPage, CoreReply::Events(events)) => skip_first(events),
            (PlantedBug::SkipsFirstEventOfPage, CoreReply::EventPages(pages)) => {
                for page in pages.iter_mut().flatten() {
                    if let EventPage::Events(events) = page {
                        skip_first(events);
                    }
                }
            }
            _ => {}
        }
        reply
    }
}

fn skip_first(events: &mut Vec<Event>) {
    if events.len() > 1 {
        events.remove(0);
    }
}

/// The positions of the admissions that a query is for.
fn positions(query: &CoreQuery) -> Vec<Option<Position>> {
    match query {
        CoreQuery::Admission(query) => vec![query.position],
        CoreQuery::Admissions(batch) => batch.iter().map(|it| it.position).collect(),
        _ => Vec::new(),
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
        let is_page = matches!(query, CoreQuery::Events(_) | CoreQuery::EventPages(_));
        let positions = positions(&query);
        let pages = &self.context.bug_state.event_pages_in_flight;
        pages.fetch_add(usize::from(is_page), Ordering::Relaxed);
        let reply = self.queries.query(query).await;
        pages.fetch_sub(usize::from(is_page), Ordering::Relaxed);
        Ok(self.altered(reply?, &positions))
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
