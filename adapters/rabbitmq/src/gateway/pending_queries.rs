//! The queries of a gateway that have no reply yet.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sockbit_application::bus_messages::CoreReply;
use sockbit_application::mutex::locked;
use tokio::sync::oneshot;

/// The pending queries by number. No number is used twice, so a late reply matches no other query.
#[derive(Default)]
pub(super) struct PendingQueries {
    next: AtomicU64,
    senders: Mutex<HashMap<u64, oneshot::Sender<CoreReply>>>,
}

impl PendingQueries {
    /// Registers a query. It is pending until the returned value is dropped.
    pub fn register(&self) -> PendingQuery<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, reply) = oneshot::channel();
        locked(&self.senders).insert(number, sender);
        PendingQuery { queries: self, number, reply }
    }

    /// Delivers a reply. One whose query is not pending is discarded.
    pub fn complete(&self, number: u64, reply: CoreReply) {
        if let Some(sender) = locked(&self.senders).remove(&number) {
            // The caller may have given up meanwhile.
            sender.send(reply).ok();
        }
    }

    /// Ends all pending queries without a reply.
    pub fn fail_all(&self) {
        locked(&self.senders).clear();
    }
}

/// One pending query.
pub(super) struct PendingQuery<'a> {
    queries: &'a PendingQueries,
    pub number: u64,
    reply: oneshot::Receiver<CoreReply>,
}

impl PendingQuery<'_> {
    /// Waits for the reply; `None` if there will be none.
    pub async fn reply(&mut self) -> Option<CoreReply> {
        (&mut self.reply).await.ok()
    }
}

impl Drop for PendingQuery<'_> {
    fn drop(&mut self) {
        locked(&self.queries.senders).remove(&self.number);
    }
}
