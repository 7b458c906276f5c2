//! The queue of commands to the workers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::mutex::locked;
use sockbit_application::slot::Slot;
use tokio::sync::{Notify, oneshot};

const BATCHES_MAX: usize = 1_024;
/// A worker processes so many parts of a batch concurrently.
const WORK_QUEUES: u64 = 8;
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Batches that wait for room in the queue. Their senders wait, too, and send little meanwhile.
const WAITING_MAX: usize = 256;

/// A batch of commands that is not acknowledged yet.
pub(super) struct QueuedBatch {
    pub commands: Vec<CommandEnvelope>,
    /// How many workers ended without acknowledging it.
    pub redeliveries: u32,
    bytes: usize,
}

impl QueuedBatch {
    fn new(commands: Vec<CommandEnvelope>, redeliveries: u32) -> Self {
        let bytes = commands.iter().map(CommandEnvelope::bytes).sum();
        Self { commands, redeliveries, bytes }
    }

    /// The parts of the batch for each work queue, in order. Together they have its bytes.
    pub fn by_work_queue(self) -> BTreeMap<u64, Self> {
        let mut queues: BTreeMap<u64, Vec<CommandEnvelope>> = BTreeMap::new();
        for command in self.commands {
            let queue = u64::from(Slot::of(command.board).0) % WORK_QUEUES;
            queues.entry(queue).or_default().push(command);
        }
        let part = |commands| Self::new(commands, self.redeliveries);
        queues.into_iter().map(|(queue, commands)| (queue, part(commands))).collect()
    }
}

/// A queue that is bounded in batches, and in bytes until the batches are acknowledged.
#[derive(Default)]
pub(super) struct CommandQueue {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    queued: VecDeque<QueuedBatch>,
    /// Batches of workers that ended, which are delivered again.
    returned: VecDeque<QueuedBatch>,
    /// Batches that do not fit into the queue yet, in the order in which they were sent.
    waiting: VecDeque<WaitingBatch>,
    last_waiting: u64,
    /// Of the batches that are queued or not acknowledged.
    bytes: usize,
}

struct WaitingBatch {
    number: u64,
    batch: QueuedBatch,
    queued: oneshot::Sender<()>,
}

/// What became of a batch that was sent.
pub(super) enum Sent {
    Queued,
    /// It is queued once there is room, unless it is withdrawn before.
    Waiting {
        /// Identifies it.
        number: u64,
        /// Ready once it is queued.
        queued: oneshot::Receiver<()>,
    },
    /// Too many batches wait for room.
    Refused,
}

impl CommandQueue {
    /// Queues a batch behind all that were sent before.
    pub fn send(&self, commands: Vec<CommandEnvelope>) -> Sent {
        let batch = QueuedBatch::new(commands, 0);
        let mut state = locked(&self.state);
        if state.waiting.is_empty() && state.has_room_for(batch.bytes) {
            state.queue(batch);
            drop(state);
            self.arrived.notify_one();
            return Sent::Queued;
        }
        if state.waiting.len() >= WAITING_MAX {
            return Sent::Refused;
        }
        state.last_waiting += 1;
        let number = state.last_waiting;
        let (sender, queued) = oneshot::channel();
        state.waiting.push_back(WaitingBatch { number, batch, queued: sender });
        Sent::Waiting { number, queued }
    }

    /// Withdraws a batch that waits for room. Returns whether it did: otherwise it is queued.
    pub fn withdraw(&self, number: u64) -> bool {
        let mut state = locked(&self.state);
        let at = state.waiting.iter().position(|it| it.number == number);
        at.and_then(|at| state.waiting.remove(at)).is_some()
    }

    /// Waits for a batch, then takes the others that are queued until there are `commands_max`
    /// commands. A returned batch comes first and alone. Cancel safe.
    pub async fn take(&self, commands_max: usize) -> Vec<QueuedBatch> {
        loop {
            let (batches, are_more) = {
                let mut state = locked(&self.state);
                (state.take(commands_max), state.has_batches())
            };
            if are_more {
                // One notification may stand for several batches.
                self.arrived.notify_one();
            }
            if !batches.is_empty() {
                return batches;
            }
            self.arrived.notified().await;
        }
    }

    /// Frees the room of batches that were acknowledged.
    pub fn release(&self, batches: &[QueuedBatch]) {
        let mut state = locked(&self.state);
        state.bytes -= batches.iter().map(|it| it.bytes).sum::<usize>();
        state.queue_waiting();
        drop(state);
        self.arrived.notify_one();
    }

    /// Returns a batch that was taken and not acknowledged.
    pub fn return_batch(&self, mut batch: QueuedBatch) {
        batch.redeliveries += 1;
        locked(&self.state).returned.push_back(batch);
        self.arrived.notify_one();
    }
}

impl State {
    /// A batch larger than the bound fits alone. Gateways bound the size of a batch.
    fn has_room_for(&self, bytes: usize) -> bool {
        let fits = self.bytes == 0 || self.bytes.saturating_add(bytes) <= BYTES_MAX;
        fits && self.queued.len() < BATCHES_MAX
    }

    fn queue(&mut self, batch: QueuedBatch) {
        self.bytes = self.bytes.saturating_add(batch.bytes);
        self.queued.push_back(batch);
    }

    fn queue_waiting(&mut self) {
        while let Some(first) = self.waiting.front()
            && self.has_room_for(first.batch.bytes)
            && let Some(WaitingBatch { batch, queued, .. }) = self.waiting.pop_front()
        {
            self.queue(batch);
            // The sender may be gone.
            queued.send(()).ok();
        }
    }

    fn has_batches(&self) -> bool {
        !(self.queued.is_empty() && self.returned.is_empty())
    }

    fn take(&mut self, commands_max: usize) -> Vec<QueuedBatch> {
        if let Some(batch) = self.returned.pop_front() {
            return vec![batch];
        }
        let (mut batches, mut count) = (Vec::new(), 0);
        while (batches.is_empty() || count < commands_max)
            && let Some(batch) = self.queued.pop_front()
        {
            count += batch.commands.len();
            batches.push(batch);
        }
        self.queue_waiting();
        batches
    }
}
