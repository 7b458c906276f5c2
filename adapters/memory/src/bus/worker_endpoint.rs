//! One worker's endpoint: its ports on the bus.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::bus_messages::{Announcement, CommandEnvelope, OutcomeEnvelope};
use sockbit_application::json_size::json_bytes;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcer, Confirm, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue,
    ready_confirm,
};

use super::bus_state::BusState;
use super::command_queue::QueuedBatch;

/// The ports of one worker. When it is dropped, deliveries that it has not acknowledged go to
/// another worker.
pub struct WorkerEndpoint {
    state: Arc<BusState>,
    unacknowledged: Mutex<Unacknowledged>,
}

/// The batches that were taken, by delivery tag.
#[derive(Default)]
struct Unacknowledged {
    last_tag: u64,
    batches: BTreeMap<u64, QueuedBatch>,
}

impl WorkerEndpoint {
    pub(super) fn new(state: Arc<BusState>) -> Self {
        Self { state, unacknowledged: Mutex::default() }
    }

    fn deliver(&self, queue: u64, batch: QueuedBatch) -> Delivery {
        let mut unacknowledged = locked(&self.unacknowledged);
        unacknowledged.last_tag += 1;
        let tag = unacknowledged.last_tag;
        let (redeliveries, commands) = (batch.redeliveries, batch.commands.clone());
        unacknowledged.batches.insert(tag, batch);
        Delivery { tag: DeliveryTag { queue, tag }, redeliveries, commands }
    }
}

#[async_trait]
impl WorkQueue for WorkerEndpoint {
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        let batches = tokio::select! {
            biased;
            () = self.state.closed() => return None,
            batches = self.state.commands.take(commands_max) => batches,
        };
        let parts = batches.into_iter().flat_map(QueuedBatch::by_work_queue);
        Some(parts.map(|(queue, batch)| self.deliver(queue, batch)).collect())
    }

    async fn acknowledge(&self, tags: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        let batches: Vec<_> = {
            let mut unacknowledged = locked(&self.unacknowledged);
            tags.iter().filter_map(|it| unacknowledged.batches.remove(&it.tag)).collect()
        };
        self.state.commands.release(&batches);
        Ok(())
    }

    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable> {
        self.state.add_dead_letter(command, reason);
        Ok(())
    }
}

#[async_trait]
impl QueryQueue for WorkerEndpoint {
    async fn next(&self) -> Option<ReceivedQuery> {
        let (query, sender) = tokio::select! {
            biased;
            () = self.state.closed() => return None,
            query = self.state.queries.next() => query?,
        };
        // The sender of the query may have timed out.
        let reply = Box::new(move |reply| drop(sender.send(reply)));
        Some(ReceivedQuery { query, reply })
    }
}

impl Announcer for WorkerEndpoint {
    fn publish(
        &self,
        announcements: Vec<Announcement>,
        outcomes: Vec<OutcomeEnvelope>,
    ) -> Confirm<Unavailable> {
        for announcement in announcements {
            let bytes = json_bytes(&announcement);
            let announcement = Arc::new(announcement);
            self.state.for_each_subscriber(|it| it.receive_announcement(&announcement, bytes));
        }
        self.state.for_each_subscriber(|subscriber| subscriber.receive_outcomes(&outcomes));
        ready_confirm(Ok(()))
    }
}

impl Drop for WorkerEndpoint {
    fn drop(&mut self) {
        let batches = std::mem::take(&mut locked(&self.unacknowledged).batches);
        for batch in batches.into_values() {
            self.state.commands.return_batch(batch);
        }
    }
}
