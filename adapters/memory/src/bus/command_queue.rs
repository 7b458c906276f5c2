//! Commands on their way to the workers: bounded in number and bytes until they are acknowledged.

use std::sync::Arc;

use sockbit_application::envelope::CommandEnvelope;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};

const MESSAGES_MAX: usize = 1_024;
const BYTES_MAX: u32 = 64 * 1024 * 1024;

/// One bus message, and the room that it takes until it is dropped.
pub(super) struct Message {
    pub commands: Vec<CommandEnvelope>,
    /// How often a worker went away with it.
    pub redeliveries: u32,
    _room: OwnedSemaphorePermit,
}

/// The queue of commands.
pub(super) struct CommandQueue {
    entrance: mpsc::Sender<Message>,
    pub waiting: Mutex<mpsc::Receiver<Message>>,
    room: Arc<Semaphore>,
}

impl CommandQueue {
    pub fn new() -> Self {
        let (entrance, waiting) = mpsc::channel(MESSAGES_MAX);
        let room = Arc::new(Semaphore::new(BYTES_MAX as usize));
        Self { entrance, waiting: Mutex::new(waiting), room }
    }

    /// Queues a batch once there is room for it; `None` when the queue is gone.
    pub async fn send(&self, commands: Vec<CommandEnvelope>) -> Option<()> {
        // What is larger than all the room passes alone: it is bounded where it is made.
        let bytes = commands.iter().map(CommandEnvelope::bytes).sum::<usize>();
        let bytes = u32::try_from(bytes).map_or(BYTES_MAX, |bytes| bytes.min(BYTES_MAX));
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.ok()?;
        self.entrance.send(Message { commands, redeliveries: 0, _room: room }).await.ok()
    }
}
