//! One gateway's endpoint: its ports on the bus.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::bus_messages::{CommandEnvelope, CoreQuery, CoreReply, PresenceUpdate};
use sockbit_application::ports::{
    Announcements, Commands, Confirm, Incoming, Presence, Queries, SendError, Unavailable,
    ready_confirm,
};
use sockbit_application::slot::Slot;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use super::bus_state::BusState;
use super::command_queue::Sent;
use super::subscriber::Subscriber;

const SEND_TIMEOUT: Duration = Duration::from_secs(5);
const QUERY_TIMEOUT: Duration = Duration::from_secs(5);
const CLOSED: &str = "the bus is closed";
const FULL: &str = "the workers do not keep up";

/// The ports of one gateway.
pub struct GatewayEndpoint {
    state: Arc<BusState>,
    subscriber: Arc<Subscriber>,
}

impl GatewayEndpoint {
    pub(super) fn new(state: Arc<BusState>) -> Self {
        let subscriber = Arc::default();
        state.add_subscriber(&subscriber);
        Self { state, subscriber }
    }

    /// `None` once the bus is closed.
    async fn unless_closed<T>(&self, next: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.state.closed() => None,
            next = next => Some(next),
        }
    }
}

impl Commands for GatewayEndpoint {
    fn send(&self, batch: Vec<CommandEnvelope>) -> Confirm<SendError> {
        if self.state.is_closed() {
            return ready_confirm(Err(SendError::Refused(CLOSED.to_owned())));
        }
        // Before the commands are sent, so that no outcome is missed.
        self.subscriber.add_senders(&batch);
        match self.state.commands.send(batch) {
            Sent::Queued => ready_confirm(Ok(())),
            Sent::Waiting { number, queued } => {
                let deadline = Instant::now() + SEND_TIMEOUT;
                Box::pin(wait_for_room(Arc::clone(&self.state), number, queued, deadline))
            }
            Sent::Refused => ready_confirm(Err(SendError::Refused(FULL.to_owned()))),
        }
    }

    /// This bus has one queue.
    fn work_queue(&self, _: Slot) -> u16 {
        0
    }
}

/// Waits until a batch is queued, or withdraws it at the deadline.
async fn wait_for_room(
    state: Arc<BusState>,
    number: u64,
    queued: oneshot::Receiver<()>,
    deadline: Instant,
) -> Result<(), SendError> {
    tokio::select! {
        biased;
        () = state.closed() => Err(SendError::Refused(CLOSED.to_owned())),
        _ = queued => Ok(()),
        () = sleep_until(deadline) => {
            let is_withdrawn = state.commands.withdraw(number);
            if is_withdrawn { Err(SendError::Refused(FULL.to_owned())) } else { Ok(()) }
        }
    }
}

#[async_trait]
impl Queries for GatewayEndpoint {
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        let reply = self.unless_closed(timeout(QUERY_TIMEOUT, self.state.queries.query(query)));
        match reply.await {
            None => Err(Unavailable(CLOSED.to_owned())),
            Some(Ok(Some(reply))) => Ok(reply),
            Some(_) => Err(Unavailable("no worker replied in time".to_owned())),
        }
    }
}

#[async_trait]
impl Announcements for GatewayEndpoint {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.subscriber.subscribe(slot);
        Ok(())
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.subscriber.unsubscribe(slot);
        Ok(())
    }

    async fn next(&self) -> Option<Incoming> {
        self.unless_closed(self.subscriber.next()).await
    }
}

#[async_trait]
impl Presence for GatewayEndpoint {
    async fn publish(&self, update: PresenceUpdate) {
        let update = Arc::new(update);
        self.state.for_each_subscriber(|subscriber| {
            if !Arc::ptr_eq(subscriber, &self.subscriber) {
                subscriber.receive_presence(&update);
            }
        });
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        self.unless_closed(self.subscriber.next_update()).await
    }
}
