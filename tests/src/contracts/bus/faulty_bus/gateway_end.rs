//! The gateway ports of a faulty bus.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::bus_messages::{CommandEnvelope, CoreQuery, CoreReply, PresenceUpdate};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcements, Commands, Confirm, Incoming, Presence, Queries, SendError, Unavailable,
    ready_confirm,
};
use sockbit_application::slot::Slot;

use super::super::GatewayPorts;
use super::super::fixtures::body;
use super::fault::BusFault;
use super::shared_state::SharedState;

pub(super) struct FaultyGateway {
    inner: GatewayPorts,
    state: Arc<SharedState>,
    is_first: bool,
    /// Returned before anything else.
    repeated: Mutex<VecDeque<Incoming>>,
    /// Returned after the next.
    swapped: Mutex<Option<Incoming>>,
    announced: AtomicU64,
    outcomes_seen: AtomicUsize,
}

impl FaultyGateway {
    pub(super) fn new(inner: GatewayPorts, state: Arc<SharedState>) -> Self {
        Self {
            inner,
            is_first: state.gateways.fetch_add(1, Ordering::Relaxed) == 0,
            state,
            repeated: Mutex::default(),
            swapped: Mutex::default(),
            announced: AtomicU64::new(0),
            outcomes_seen: AtomicUsize::new(0),
        }
    }

    fn tamper(&self, command: &mut CommandEnvelope) {
        match self.state.fault {
            BusFault::DropsKeys => command.key = None,
            BusFault::RewritesBodies => {
                let value = serde_json::from_str::<serde_json::Value>(command.body.get());
                command.body = body(&value.unwrap_or_default().to_string());
            }
            _ => {}
        }
    }

    /// The message after the fault, or `None` if the fault drops it.
    fn with_fault(&self, incoming: Incoming) -> Option<Incoming> {
        match (self.state.fault, incoming) {
            (BusFault::DropsOutcomes, Incoming::Outcomes(_))
            | (BusFault::HidesInterruptions, Incoming::Interrupted) => None,
            (BusFault::DropsAnnouncementsUnderPresence, _)
                if self.state.presence_count.load(Ordering::Relaxed) > 500 =>
            {
                None
            }
            (BusFault::DropsAnnouncements, Incoming::Announcement(it)) => {
                let number = self.announced.fetch_add(1, Ordering::Relaxed);
                (number % 5 != 4).then_some(Incoming::Announcement(it))
            }
            (BusFault::ReversesEvents, Incoming::Announcement(mut it)) => {
                it.events.reverse();
                Some(Incoming::Announcement(it))
            }
            (BusFault::RepeatsAnnouncements, incoming) => {
                locked(&self.repeated).push_back(incoming.clone());
                Some(incoming)
            }
            (BusFault::SwapsAnnouncements, incoming) => {
                let first = locked(&self.swapped).replace(incoming)?;
                let second = locked(&self.swapped).take();
                locked(&self.repeated).push_back(first);
                second
            }
            (_, incoming) => Some(incoming),
        }
    }

    /// The outcomes of all gateways that this gateway has not received yet.
    fn new_outcomes(&self) -> Option<Incoming> {
        let outcomes = locked(&self.state.outcomes);
        let seen = self.outcomes_seen.swap(outcomes.len(), Ordering::Relaxed);
        let fresh = outcomes.get(seen..).filter(|it| !it.is_empty())?;
        Some(Incoming::Outcomes(fresh.to_vec()))
    }

    /// Returns the next reply to any query.
    async fn any_reply(&self, query: CoreQuery) -> CoreReply {
        let (queries, state) = (Arc::clone(&self.inner.queries), Arc::clone(&self.state));
        tokio::spawn(async move {
            if let Ok(reply) = queries.query(query).await {
                locked(&state.last_reply).get_or_insert(reply);
            }
            state.changed.notify_waiters();
        });
        loop {
            if let Some(reply) = locked(&self.state.last_reply).take() {
                return reply;
            }
            self.state.changed.notified().await;
        }
    }
}

impl Commands for FaultyGateway {
    fn send(&self, mut batch: Vec<CommandEnvelope>) -> Confirm<SendError> {
        if self.state.fault == BusFault::AcceptsOnlyTheFirstGateway && !self.is_first {
            return ready_confirm(Ok(()));
        }
        for command in &mut batch {
            self.tamper(command);
        }
        let commands = Arc::clone(&self.inner.commands);
        if self.state.fault == BusFault::PublishesWhenAwaited {
            return Box::pin(async move { commands.send(batch).await });
        }
        Box::pin(confirm_with_fault(Arc::clone(&self.state), commands.send(batch)))
    }

    fn work_queue(&self, slot: Slot) -> u16 {
        self.inner.commands.work_queue(slot)
    }
}

async fn confirm_with_fault(
    state: Arc<SharedState>,
    confirm: Confirm<SendError>,
) -> Result<(), SendError> {
    let sent = confirm.await;
    if state.fault == BusFault::ClosesLate && state.is_closed.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    if state.fault == BusFault::ReportsLostCommandsAsSent { Ok(()) } else { sent }
}

#[async_trait]
impl Announcements for FaultyGateway {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        if self.state.fault != BusFault::SubscribesLate {
            return self.inner.announcements.subscribe(slot).await;
        }
        let announcements = Arc::clone(&self.inner.announcements);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            announcements.subscribe(slot).await
        });
        Ok(())
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        match self.state.fault {
            BusFault::NeverUnsubscribes => Ok(()),
            _ => self.inner.announcements.unsubscribe(slot).await,
        }
    }

    async fn next(&self) -> Option<Incoming> {
        loop {
            let repeated = locked(&self.repeated).pop_front();
            if let Some(incoming) = repeated.or_else(|| self.new_outcomes()) {
                return Some(incoming);
            }
            let incoming = tokio::select! {
                incoming = self.inner.announcements.next() => incoming?,
                () = self.state.changed.notified() => continue,
            };
            if let Some(incoming) = self.with_fault(incoming) {
                return Some(incoming);
            }
        }
    }
}

#[async_trait]
impl Queries for FaultyGateway {
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        let inner = &self.inner.queries;
        match self.state.fault {
            BusFault::NeverReplies => std::future::pending().await,
            BusFault::RepliesToAnyQuery => Ok(self.any_reply(query).await),
            BusFault::RepliesWithThePreviousReply => {
                let reply = inner.query(query).await?;
                let last = locked(&self.state.last_reply).replace(reply.clone());
                Ok(last.unwrap_or(reply))
            }
            BusFault::SendsQueriesTwice => {
                tokio::join!(inner.query(query.clone()), inner.query(query)).0
            }
            BusFault::FailsAfterACancelledQuery => {
                let mut pending = PendingQuery { state: &self.state, has_reply: false };
                let reply = inner.query(query).await;
                pending.has_reply = true;
                reply
            }
            BusFault::ReversesRepliesOfBatches => {
                let mut reply = inner.query(query).await?;
                match &mut reply {
                    CoreReply::Admissions(admissions) => admissions.reverse(),
                    CoreReply::EventPages(pages) => pages.reverse(),
                    _ => {}
                }
                Ok(reply)
            }
            _ => inner.query(query).await,
        }
    }
}

#[async_trait]
impl Presence for FaultyGateway {
    async fn publish(&self, mut update: PresenceUpdate) {
        self.state.presence_count.fetch_add(1, Ordering::Relaxed);
        match self.state.fault {
            BusFault::DropsPresence => return,
            BusFault::DropsPresenceNotes => {
                let people = update.boards.iter_mut().flat_map(|it| &mut it.people);
                people.for_each(|it| it.notes.clear());
            }
            BusFault::KeepsAllPresence => {
                locked(&self.state.presence_updates).push_back(update.clone());
            }
            _ => {}
        }
        self.inner.presence.publish(update).await;
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        let kept = locked(&self.state.presence_updates).pop_front();
        match kept {
            Some(update) => Some(update),
            None => self.inner.presence.next_update().await,
        }
    }
}

/// Records when a query is cancelled.
struct PendingQuery<'a> {
    state: &'a SharedState,
    has_reply: bool,
}

impl Drop for PendingQuery<'_> {
    fn drop(&mut self) {
        self.state.was_cancelled.fetch_or(!self.has_reply, Ordering::Relaxed);
    }
}
