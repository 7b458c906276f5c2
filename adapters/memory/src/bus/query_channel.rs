//! The channel of queries to the workers, bounded in number.

use sockbit_application::bus_messages::{CoreQuery, CoreReply};
use tokio::sync::{Mutex, mpsc, oneshot};

const QUERIES_MAX: usize = 1_024;

/// A query and the sender of its reply.
type PendingQuery = (CoreQuery, oneshot::Sender<CoreReply>);

/// Delivers each query to one worker.
pub(super) struct QueryChannel {
    sender: mpsc::Sender<PendingQuery>,
    receiver: Mutex<mpsc::Receiver<PendingQuery>>,
}

impl QueryChannel {
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUERIES_MAX);
        Self { sender, receiver: Mutex::new(receiver) }
    }

    /// Sends a query and waits for its reply; `None` if the worker dropped it.
    pub async fn query(&self, query: CoreQuery) -> Option<CoreReply> {
        let (sender, reply) = oneshot::channel();
        self.sender.send((query, sender)).await.ok()?;
        reply.await.ok()
    }

    /// Waits for the next query.
    pub async fn next(&self) -> Option<PendingQuery> {
        self.receiver.lock().await.recv().await
    }
}
