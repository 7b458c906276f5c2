//! Which queues this worker consumes: taken up and handed over as workers come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::queue_consumer::QueueConsumer;
use super::worker_state::WorkerState;
use crate::connection::BrokerConnection;

/// The queues that are consumed now, or as soon as they answer.
pub(super) struct ConsumerSet {
    shared: Arc<WorkerState>,
    open: Arc<BrokerConnection>,
    /// Each with the word that hands it over.
    active: BTreeMap<u16, oneshot::Sender<()>>,
    running: JoinSet<Result<(), String>>,
}

impl ConsumerSet {
    pub fn new(shared: Arc<WorkerState>, open: Arc<BrokerConnection>) -> Self {
        Self { shared, open, active: BTreeMap::new(), running: JoinSet::new() }
    }

    /// Consumes exactly these queues from now on.
    pub fn hold(&mut self, wanted: &BTreeSet<u16>) {
        // Dropping the word says it too.
        self.active.retain(|queue, _| wanted.contains(queue));
        for queue in wanted {
            if !self.active.contains_key(queue) {
                let (leave, left) = oneshot::channel();
                let (shared, open) = (Arc::clone(&self.shared), Arc::clone(&self.open));
                let name = self.shared.settings.names.work(*queue);
                let stand =
                    QueueConsumer { shared, open, queue: *queue, name, leave: left.shared() };
                self.running.spawn(stand.keep());
                self.active.insert(*queue, leave);
            }
        }
    }

    /// Waits until a queue cannot be consumed any more, and says why.
    pub async fn failed(&mut self) -> String {
        loop {
            match self.running.join_next().await {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(reason))) => return reason,
                Some(Err(error)) => return error.to_string(),
                None => std::future::pending().await,
            }
        }
    }

    /// Pulls no more from any queue, and waits until what was taken of them is finished.
    pub async fn finish(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}
