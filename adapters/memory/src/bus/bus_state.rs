//! The state that all endpoints of a bus share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Weak};

use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::mutex::locked;
use tokio::sync::watch;

use super::command_queue::CommandQueue;
use super::query_channel::QueryChannel;
use super::subscriber::Subscriber;

const DEAD_LETTERS_MAX: usize = 100;

/// The queues of a bus and its subscribers.
pub(super) struct BusState {
    pub commands: CommandQueue,
    pub queries: QueryChannel,
    subscribers: Mutex<Vec<Weak<Subscriber>>>,
    dead_letters: Mutex<VecDeque<(CommandEnvelope, String)>>,
    closed: watch::Sender<bool>,
}

impl BusState {
    pub fn new() -> Self {
        Self {
            commands: CommandQueue::default(),
            queries: QueryChannel::new(),
            subscribers: Mutex::default(),
            dead_letters: Mutex::default(),
            closed: watch::Sender::new(false),
        }
    }

    /// Adds a subscriber. It is removed once it is dropped.
    pub fn add_subscriber(&self, subscriber: &Arc<Subscriber>) {
        locked(&self.subscribers).push(Arc::downgrade(subscriber));
    }

    /// Passes each subscriber to `send`.
    pub fn for_each_subscriber(&self, send: impl Fn(&Arc<Subscriber>)) {
        locked(&self.subscribers)
            .retain(|subscriber| subscriber.upgrade().inspect(|it| send(it)).is_some());
    }

    #[cfg(test)]
    pub fn subscriber_count(&self) -> usize {
        locked(&self.subscribers).len()
    }

    /// Keeps a dead letter. The oldest ones are dropped first.
    pub fn add_dead_letter(&self, command: CommandEnvelope, reason: String) {
        let mut dead_letters = locked(&self.dead_letters);
        if dead_letters.len() >= DEAD_LETTERS_MAX {
            dead_letters.pop_front();
        }
        dead_letters.push_back((command, reason));
    }

    pub fn dead_letters(&self) -> Vec<(CommandEnvelope, String)> {
        locked(&self.dead_letters).iter().cloned().collect()
    }

    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    pub fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Waits until the bus is closed.
    pub async fn closed(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        self.closed.subscribe().wait_for(|closed| *closed).await.ok();
    }
}
