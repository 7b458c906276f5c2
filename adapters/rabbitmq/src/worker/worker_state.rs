//! The state of a worker that outlives its connections.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use sockbit_application::mutex::locked;
use tokio::sync::Semaphore;

use super::command_delivery_inbox::CommandDeliveryInbox;
use super::query_inbox::QueryInbox;
use crate::dead_letters::DeadLetterPublisher;
use crate::publisher::Publisher;
use crate::queue_assignment::assigned_queues;
use crate::settings::Settings;
use crate::worker_registry::WorkerRegistry;

/// Each recovery uses a connection of its own, which takes some megabytes.
const RECOVERIES_MAX: usize = 4;

pub(super) struct WorkerState {
    pub settings: Arc<Settings>,
    pub publisher: Publisher,
    pub deliveries: CommandDeliveryInbox,
    pub queries: QueryInbox,
    pub workers: WorkerRegistry,
    pub dead_letters: DeadLetterPublisher,
    /// For the recovery of queues.
    pub recovery_permits: Semaphore,
    consumed: Mutex<BTreeSet<u16>>,
    /// Queues whose consumer was started and never ran: any of them may have caused the loss of the
    /// last connection.
    suspects: Mutex<BTreeSet<u16>>,
    /// Queues that the broker cannot serve and that must not be deleted.
    broken: Mutex<BTreeSet<u16>>,
}

impl WorkerState {
    pub fn new(
        settings: Arc<Settings>,
        publisher: Publisher,
        dead_letters: DeadLetterPublisher,
    ) -> Self {
        Self {
            deliveries: CommandDeliveryInbox::new(),
            queries: QueryInbox::new(Arc::clone(&settings), publisher.clone()),
            settings,
            publisher,
            workers: WorkerRegistry::default(),
            dead_letters,
            recovery_permits: Semaphore::new(RECOVERIES_MAX),
            consumed: Mutex::default(),
            suspects: Mutex::default(),
            broken: Mutex::default(),
        }
    }

    /// The queues that are assigned to this worker, among all live workers.
    pub fn assigned_queues(&self) -> BTreeSet<u16> {
        let me = self.settings.id;
        let workers: BTreeSet<_> = self.workers.live().into_keys().chain([me]).collect();
        assigned_queues(me, &workers, self.settings.work_queues)
    }

    /// Marks a queue as a suspect until its consumer runs. Returns whether it was one before.
    pub fn mark_suspect(&self, queue: u16) -> bool {
        !locked(&self.suspects).insert(queue)
    }

    pub fn consumer_started(&self, queue: u16) {
        locked(&self.suspects).remove(&queue);
        self.change_consumed(|consumed| {
            consumed.insert(queue);
        });
    }

    pub fn consumer_stopped(&self, queue: u16) {
        self.change_consumed(|consumed| {
            consumed.remove(&queue);
        });
    }

    pub fn consumed_queues(&self) -> BTreeSet<u16> {
        locked(&self.consumed).clone()
    }

    /// Records whether a queue is broken and must not be deleted. Returns whether that is new.
    pub fn set_broken(&self, queue: u16, is_broken: bool) -> bool {
        let mut broken = locked(&self.broken);
        let is_new = if is_broken { broken.insert(queue) } else { broken.remove(&queue) };
        set_gauge("sockbit_bus_queues_broken", broken.len());
        is_new
    }

    pub fn broken_queues(&self) -> BTreeSet<u16> {
        locked(&self.broken).clone()
    }

    /// Discards the state that belonged to a lost connection.
    pub fn disconnected(&self) {
        self.deliveries.clear();
        self.queries.clear();
        self.change_consumed(BTreeSet::clear);
    }

    fn change_consumed(&self, change: impl FnOnce(&mut BTreeSet<u16>)) {
        let mut consumed = locked(&self.consumed);
        change(&mut consumed);
        set_gauge("sockbit_bus_queues_consumed", consumed.len());
    }
}

fn set_gauge(name: &'static str, value: usize) {
    metrics::gauge!(name).set(u32::try_from(value).unwrap_or(u32::MAX));
}
