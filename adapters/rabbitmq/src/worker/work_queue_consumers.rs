//! The set of work queues that this worker consumes, started and stopped as the assignment changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::work_queue_consumer::WorkQueueConsumer;
use super::work_queue_consumer_start::run_consumer;
use super::worker_state::WorkerState;
use crate::broker_connection::BrokerConnection;

/// One task for each queue that is consumed or being started.
pub(super) struct WorkQueueConsumers {
    state: Arc<WorkerState>,
    connection: Arc<BrokerConnection>,
    /// Dropping a sender stops its consumer.
    stop_senders: BTreeMap<u16, oneshot::Sender<()>>,
    tasks: JoinSet<Result<(), String>>,
}

impl WorkQueueConsumers {
    pub fn new(state: Arc<WorkerState>, connection: Arc<BrokerConnection>) -> Self {
        Self { state, connection, stop_senders: BTreeMap::new(), tasks: JoinSet::new() }
    }

    /// Starts and stops consumers so that exactly these queues are consumed.
    pub fn set_queues(&mut self, queues: &BTreeSet<u16>) {
        self.stop_senders.retain(|queue, _| queues.contains(queue));
        for queue in queues {
            if !self.stop_senders.contains_key(queue) {
                let (sender, stopped) = oneshot::channel();
                let consumer = WorkQueueConsumer {
                    state: Arc::clone(&self.state),
                    connection: Arc::clone(&self.connection),
                    queue: *queue,
                    name: self.state.settings.names.work(*queue),
                    stopped: stopped.shared(),
                };
                self.tasks.spawn(run_consumer(consumer));
                self.stop_senders.insert(*queue, sender);
            }
        }
    }

    /// Waits until a consumer fails, and returns the reason.
    pub async fn failed(&mut self) -> String {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(reason))) => return reason,
                Some(Err(error)) => return error.to_string(),
                None => std::future::pending().await,
            }
        }
    }

    /// Waits until all consumers that were stopped have ended.
    pub async fn finish(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}
