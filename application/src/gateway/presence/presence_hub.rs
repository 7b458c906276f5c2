//! Runs the presence of a gateway: the state, its timer, and the exchange with other gateways.

use std::sync::{Arc, Mutex};

use sockbit_domain::{Actor, BoardId, NoteId};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::presence_registry::PresenceRegistry;
use crate::bus_messages::PresenceUpdate;
use crate::gateway::outgoing_queue::OutgoingQueue;
use crate::mutex::locked;
use crate::ports::Presence;

/// Updates queued for a bus that is slow. Further ones are dropped.
const QUEUED_UPDATES_MAX: usize = 512;

/// Combines the presence of local clients with that of other gateways.
pub(in crate::gateway) struct PresenceHub {
    port: Arc<dyn Presence>,
    state: Mutex<PresenceRegistry>,
    changed: Notify,
}

impl PresenceHub {
    pub fn new(gateway: Uuid, port: Arc<dyn Presence>) -> Self {
        Self { port, state: Mutex::new(PresenceRegistry::new(gateway)), changed: Notify::new() }
    }

    /// A session joined a board. It is sent the board's presence, but its person is not present
    /// before [`Self::set_location`].
    pub fn join(&self, board: BoardId, session: u64, outgoing: Arc<OutgoingQueue>) {
        self.change(|state| state.join(board, session, outgoing));
    }

    /// A session's person is present on a board that it joined, in a note or in none.
    pub fn set_location(&self, board: BoardId, session: u64, actor: &Actor, note: Option<NoteId>) {
        self.change(|state| state.set_location(board, session, actor, note));
    }

    pub fn leave(&self, board: BoardId, session: u64) {
        self.change(|state| state.leave(board, session));
    }

    /// Shows, publishes and receives presence. It never completes by itself.
    pub async fn run(&self) {
        let (sender, receiver) = mpsc::channel(QUEUED_UPDATES_MAX);
        tokio::join!(
            biased;
            self.process_deadlines(sender),
            self.publish_updates(receiver),
            self.receive_updates(),
        );
    }

    async fn process_deadlines(&self, updates: mpsc::Sender<PresenceUpdate>) {
        loop {
            let (due, deadline) = {
                let mut state = locked(&self.state);
                (state.process_due(), state.next_deadline())
            };
            for update in due {
                if updates.try_send(update).is_err() {
                    metrics::counter!("sockbit_presence_dropped_total").increment(1);
                }
            }
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {}
            }
        }
    }

    async fn publish_updates(&self, mut updates: mpsc::Receiver<PresenceUpdate>) {
        while let Some(update) = updates.recv().await {
            self.port.publish(update).await;
        }
    }

    async fn receive_updates(&self) {
        while let Some(update) = self.port.next_update().await {
            self.change(|state| state.apply(update));
        }
    }

    fn change(&self, change: impl FnOnce(&mut PresenceRegistry)) {
        change(&mut locked(&self.state));
        self.changed.notify_one();
    }
}
