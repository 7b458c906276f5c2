//! Who is at the boards that this gateway serves: shown to its clients and told to other gateways.
//! Nothing of it is stored, and whatever is lost is told again or expires.

mod board_presence;
mod deadline_queue;
mod presence_merge;
mod presence_state;

use std::sync::{Arc, Mutex};

use sockbit_domain::{Actor, BoardId, NoteId};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::locked;
use super::outgoing_queue::OutgoingQueue;
use crate::envelope::PresenceUpdate;
use crate::ports::Presence;

use presence_state::PresenceState;

/// Messages that wait for a bus that does not take them. What comes beyond is dropped.
const UNTOLD_MAX: usize = 512;

/// Brings together what clients say of themselves, and what other gateways tell.
pub(super) struct PresenceHub {
    port: Arc<dyn Presence>,
    boards: Mutex<PresenceState>,
    changed: Notify,
}

impl PresenceHub {
    pub fn new(gateway: Uuid, port: Arc<dyn Presence>) -> Self {
        Self { port, boards: Mutex::new(PresenceState::new(gateway)), changed: Notify::new() }
    }

    /// A session looks at a board: it is shown who is there, and shows nobody before it says so.
    pub fn joined(&self, board: BoardId, session: u64, outgoing: Arc<OutgoingQueue>) {
        self.change(|boards| boards.joined(board, session, outgoing));
    }

    /// A session's person is at a board that it joined, and perhaps in a note.
    pub fn says(&self, board: BoardId, session: u64, actor: &Actor, note: Option<NoteId>) {
        self.change(|boards| boards.says(board, session, actor, note));
    }

    pub fn left(&self, board: BoardId, session: u64) {
        self.change(|boards| boards.left(board, session));
    }

    /// Shows, tells and hears. It does not end by itself.
    pub async fn run(&self) {
        let (untold, telling) = mpsc::channel(UNTOLD_MAX);
        tokio::join!(
            biased;
            self.serve(untold),
            self.tell(telling),
            self.hear(),
        );
    }

    async fn serve(&self, untold: mpsc::Sender<PresenceUpdate>) {
        loop {
            let (presences, next) = {
                let mut boards = locked(&self.boards);
                (boards.turn(), boards.next_turn())
            };
            for presences in presences {
                if untold.try_send(presences).is_err() {
                    metrics::counter!("sockbit_presence_dropped_total").increment(1);
                }
            }
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
            }
        }
    }

    async fn tell(&self, mut untold: mpsc::Receiver<PresenceUpdate>) {
        while let Some(presences) = untold.recv().await {
            self.port.publish(presences).await;
        }
    }

    async fn hear(&self) {
        while let Some(presences) = self.port.next_update().await {
            self.change(|boards| boards.heard(presences));
        }
    }

    fn change(&self, change: impl FnOnce(&mut PresenceState)) {
        change(&mut locked(&self.boards));
        self.changed.notify_one();
    }
}
