//! The bus as a worker sees it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::envelope::{Announcement, CommandEnvelope, OutcomeEnvelope};
use sockbit_application::json_size::json_bytes;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcer, Delivery, DeliveryTag, QueryQueue, ReceivedQuery, Unavailable, WorkQueue,
};

use super::Shared;
use super::command_queue::Message;

const QUEUE: u64 = 0;

/// One worker's ports. What it has not acknowledged when it is dropped goes to another worker.
pub struct WorkerEnd {
    shared: Arc<Shared>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    last_tag: u64,
    open: HashMap<u64, Message>,
}

impl WorkerEnd {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, taken: Mutex::default() }
    }

    fn deliver(&self, message: Message) -> Delivery {
        let mut taken = locked(&self.taken);
        taken.last_tag += 1;
        let tag = taken.last_tag;
        let (redeliveries, commands) = (message.redeliveries, message.commands.clone());
        taken.open.insert(tag, message);
        Delivery { tag: DeliveryTag { queue: QUEUE, tag }, redeliveries, commands }
    }

    async fn fresh(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        let mut waiting = self.shared.commands.waiting.lock().await;
        let first = waiting.recv().await?;
        let mut count = first.commands.len();
        let mut deliveries = vec![self.deliver(first)];
        while count < commands_max
            && let Ok(message) = waiting.try_recv()
        {
            count += message.commands.len();
            deliveries.push(self.deliver(message));
        }
        Some(deliveries)
    }

    fn returned(&self) -> Option<Delivery> {
        let message = locked(&self.shared.returned).pop_front()?;
        Some(self.deliver(message))
    }
}

#[async_trait]
impl WorkQueue for WorkerEnd {
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        loop {
            if let Some(delivery) = self.returned() {
                return Some(vec![delivery]);
            }
            tokio::select! {
                biased;
                () = self.shared.closed() => return None,
                () = self.shared.came_back.notified() => {}
                fresh = self.fresh(commands_max) => return fresh,
            }
        }
    }

    async fn acknowledge(&self, tags: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        let mut taken = locked(&self.taken);
        for receipt in tags {
            taken.open.remove(&receipt.tag);
        }
        Ok(())
    }

    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable> {
        tracing::error!(trace = %command.trace, id = %command.message, %reason, "set aside");
        self.shared.dead_letter(command, reason);
        Ok(())
    }
}

#[async_trait]
impl QueryQueue for WorkerEnd {
    async fn next(&self) -> Option<ReceivedQuery> {
        let mut asked = self.shared.asked.lock().await;
        let (query, answer) = tokio::select! {
            biased;
            () = self.shared.closed() => return None,
            asking = asked.recv() => asking?,
        };
        // The sender of the query may have given up.
        let reply = Box::new(move |it| drop(answer.send(it)));
        Some(ReceivedQuery { query, reply })
    }
}

#[async_trait]
impl Announcer for WorkerEnd {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        for announcement in batch {
            let bytes = json_bytes(&announcement);
            let announcement = Arc::new(announcement);
            // No subscriber is not an error: the log has the events.
            self.shared.tell(|subscriber| subscriber.announced(&announcement, bytes));
        }
        Ok(())
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        self.shared.tell(|subscriber| subscriber.answered(&batch));
        Ok(())
    }
}

impl Drop for WorkerEnd {
    fn drop(&mut self) {
        let taken = std::mem::take(&mut *locked(&self.taken));
        let mut open: Vec<_> = taken.open.into_iter().collect();
        open.sort_by_key(|(tag, _)| *tag);
        for (_, mut message) in open {
            message.redeliveries += 1;
            locked(&self.shared.returned).push_back(message);
            self.shared.came_back.notify_one();
        }
    }
}
