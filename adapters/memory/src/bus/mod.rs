//! The bus of one process: bounded queues for commands, queries and each gateway's news.

mod bounded_inbox;
mod command_queue;
mod gateway_end;
mod presence_inbox;
#[cfg(test)]
mod tests;
mod worker_end;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use sockbit_application::envelope::{CommandEnvelope, CoreQuery, CoreReply};
use sockbit_application::mutex::locked;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use command_queue::{CommandQueue, Message};
use gateway_end::Subscriber;

pub use gateway_end::GatewayEnd;
pub use worker_end::WorkerEnd;

const QUESTIONS_MAX: usize = 1_024;
const DEAD_LETTERS_MAX: usize = 100;

/// Connects any number of gateways and workers of one process.
#[derive(Clone)]
pub struct MemoryBus {
    shared: Arc<Shared>,
}

struct Shared {
    commands: CommandQueue,
    /// What a worker took and did not acknowledge before it ended.
    returned: Mutex<VecDeque<Message>>,
    came_back: Notify,
    queries: mpsc::Sender<Asking>,
    asked: tokio::sync::Mutex<mpsc::Receiver<Asking>>,
    /// Of the gateways that there are.
    subscribers: Mutex<Vec<Weak<Subscriber>>>,
    dead_letters: Mutex<VecDeque<(CommandEnvelope, String)>>,
    closed: watch::Sender<bool>,
}

type Asking = (CoreQuery, oneshot::Sender<CoreReply>);

impl MemoryBus {
    /// A bus without gateways and workers.
    #[must_use]
    pub fn new() -> Self {
        let (queries, asked) = mpsc::channel(QUESTIONS_MAX);
        let shared = Shared {
            commands: CommandQueue::new(),
            returned: Mutex::default(),
            came_back: Notify::new(),
            queries,
            asked: tokio::sync::Mutex::new(asked),
            subscribers: Mutex::default(),
            dead_letters: Mutex::default(),
            closed: watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The ports of one gateway.
    #[must_use]
    pub fn gateway(&self) -> Arc<GatewayEnd> {
        Arc::new(GatewayEnd::new(Arc::clone(&self.shared)))
    }

    /// The ports of one worker.
    #[must_use]
    pub fn worker(&self) -> Arc<WorkerEnd> {
        Arc::new(WorkerEnd::new(Arc::clone(&self.shared)))
    }

    /// Commands that were set aside, with the reasons; the oldest make room for newer ones.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<(CommandEnvelope, String)> {
        locked(&self.shared.dead_letters).iter().cloned().collect()
    }

    /// Closes the bus: pending calls return that it is closed. Idempotent.
    pub fn close(&self) {
        self.shared.closed.send_replace(true);
    }
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    async fn closed(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        self.closed.subscribe().wait_for(|closed| *closed).await.ok();
    }

    /// Tells every gateway that there is.
    fn tell(&self, tell: impl Fn(&Subscriber)) {
        locked(&self.subscribers).retain(|subscriber| {
            subscriber.upgrade().inspect(|subscriber| tell(subscriber)).is_some()
        });
    }

    fn dead_letter(&self, command: CommandEnvelope, reason: String) {
        let mut dead_letters = locked(&self.dead_letters);
        if dead_letters.len() >= DEAD_LETTERS_MAX {
            dead_letters.pop_front();
        }
        dead_letters.push_back((command, reason));
    }
}
