//! What was told of people and waits for one gateway to hear it: the latest, bounded in number.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use sockbit_application::envelope::PresenceUpdate;
use sockbit_application::mutex::locked;
use tokio::sync::Notify;

/// Each is bounded where it is made.
const WAITING_MAX: usize = 256;

/// One gateway's share. Where it does not keep up the oldest give way: all is told again.
#[derive(Default)]
pub(super) struct PresenceInbox {
    waiting: Mutex<VecDeque<Arc<PresenceUpdate>>>,
    came: Notify,
}

impl PresenceInbox {
    pub fn put(&self, presences: &Arc<PresenceUpdate>) {
        let mut waiting = locked(&self.waiting);
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(Arc::clone(presences));
        drop(waiting);
        self.came.notify_one();
    }

    /// Waits for the next.
    pub async fn next(&self) -> PresenceUpdate {
        loop {
            let next = locked(&self.waiting).pop_front();
            match next {
                Some(presences) => return Arc::unwrap_or_clone(presences),
                None => self.came.notified().await,
            }
        }
    }
}
