//! The queue of commands to the workers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::mutex::locked;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

const BATCHES_MAX: usize = 1_024;
const BYTES_MAX: u32 = 64 * 1024 * 1024;

/// A batch of commands that is not acknowledged yet. Its bytes count until it is dropped.
pub(super) struct QueuedBatch {
    pub commands: Vec<CommandEnvelope>,
    /// How many workers ended without acknowledging it.
    pub redeliveries: u32,
    _permit: OwnedSemaphorePermit,
}

/// A queue that is bounded in batches, and in bytes until the batches are acknowledged.
pub(super) struct CommandQueue {
    sender: mpsc::Sender<QueuedBatch>,
    receiver: tokio::sync::Mutex<mpsc::Receiver<QueuedBatch>>,
    byte_budget: Arc<Semaphore>,
    /// Batches of workers that ended, which are delivered again.
    returned: Mutex<VecDeque<QueuedBatch>>,
    batch_returned: Notify,
}

impl CommandQueue {
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel(BATCHES_MAX);
        Self {
            sender,
            receiver: tokio::sync::Mutex::new(receiver),
            byte_budget: Arc::new(Semaphore::new(BYTES_MAX as usize)),
            returned: Mutex::default(),
            batch_returned: Notify::new(),
        }
    }

    /// Queues a batch once it fits; `None` if the queue was dropped.
    pub async fn send(&self, commands: Vec<CommandEnvelope>) -> Option<()> {
        // A batch larger than the budget takes all of it. Gateways bound the size of a batch.
        let bytes = commands.iter().map(CommandEnvelope::bytes).sum::<usize>();
        let bytes = u32::try_from(bytes).map_or(BYTES_MAX, |bytes| bytes.min(BYTES_MAX));
        let permit = Arc::clone(&self.byte_budget).acquire_many_owned(bytes).await.ok()?;
        self.sender.send(QueuedBatch { commands, redeliveries: 0, _permit: permit }).await.ok()
    }

    /// Waits for a batch, then takes the others that are queued until there are `commands_max`
    /// commands. A returned batch comes first and alone. Cancel safe.
    pub async fn take(&self, commands_max: usize) -> Option<Vec<QueuedBatch>> {
        loop {
            if let Some(batch) = locked(&self.returned).pop_front() {
                return Some(vec![batch]);
            }
            tokio::select! {
                biased;
                () = self.batch_returned.notified() => {}
                batches = self.receive(commands_max) => return batches,
            }
        }
    }

    async fn receive(&self, commands_max: usize) -> Option<Vec<QueuedBatch>> {
        let mut receiver = self.receiver.lock().await;
        let first = receiver.recv().await?;
        let mut count = first.commands.len();
        let mut batches = vec![first];
        while count < commands_max
            && let Ok(batch) = receiver.try_recv()
        {
            count += batch.commands.len();
            batches.push(batch);
        }
        Some(batches)
    }

    /// Returns a batch that was taken and not acknowledged.
    pub fn return_batch(&self, mut batch: QueuedBatch) {
        batch.redeliveries += 1;
        locked(&self.returned).push_back(batch);
        self.batch_returned.notify_one();
    }
}
