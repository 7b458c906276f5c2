//! What a worker's end keeps from one connection to the next.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use sockbit_application::mutex::locked;
use sockbit_application::seal::MessageKind;
use tokio::sync::Semaphore;

use super::delivery_inbox::DeliveryInbox;
use super::query_inbox::QueryInbox;
use crate::bus_messages::Heartbeat;
use crate::dead_letters::DeadLetterPublisher;
use crate::publisher::{OutgoingMessage, PublishResult, Publisher};
use crate::settings::Settings;
use crate::topology::WORKERS_KEY;
use crate::worker_registry::{WorkerRegistry, queues_of};

/// Queues that are tried apart at the same time.
const TRIES_MAX: usize = 4;

pub(super) struct WorkerState {
    pub settings: Arc<Settings>,
    pub publisher: Publisher,
    pub inbox: Arc<DeliveryInbox>,
    pub asked: QueryInbox,
    pub roster: WorkerRegistry,
    pub dead: DeadLetterPublisher,
    held: Mutex<BTreeSet<u16>>,
    /// Queues that were to be taken up and never were: any of them may be what brought a connection down.
    suspects: Mutex<BTreeSet<u16>>,
    /// For those who try a queue on a connection of its own, which takes some megabytes.
    pub tries: Semaphore,
}

impl WorkerState {
    pub fn new(settings: Arc<Settings>, publisher: Publisher, dead: DeadLetterPublisher) -> Self {
        Self {
            settings,
            publisher,
            inbox: Arc::new(DeliveryInbox::new()),
            asked: QueryInbox::default(),
            roster: WorkerRegistry::default(),
            dead,
            held: Mutex::default(),
            suspects: Mutex::default(),
            tries: Semaphore::new(TRIES_MAX),
        }
    }

    /// The queues that are this worker's among all workers that are heard.
    pub fn due(&self) -> BTreeSet<u16> {
        let me = self.settings.id;
        let workers: BTreeSet<_> = self.roster.present().into_keys().chain([me]).collect();
        queues_of(me, &workers, self.settings.work_queues)
    }

    /// A queue is about to be taken up, and is a suspect until it is. Whether it was one before.
    pub fn suspect(&self, queue: u16) -> bool {
        !locked(&self.suspects).insert(queue)
    }

    pub fn took_up(&self, queue: u16) {
        locked(&self.suspects).remove(&queue);
        self.change_held(|held| {
            held.insert(queue);
        });
    }

    pub fn let_go(&self, queue: u16) {
        self.change_held(|held| {
            held.remove(&queue);
        });
    }

    pub fn let_go_of_all(&self) {
        self.change_held(BTreeSet::clear);
    }

    fn change_held(&self, change: impl FnOnce(&mut BTreeSet<u16>)) {
        let mut held = locked(&self.held);
        change(&mut held);
        metrics::gauge!("sockbit_bus_queues_held")
            .set(u32::try_from(held.len()).unwrap_or(u32::MAX));
    }

    pub fn held(&self) -> BTreeSet<u16> {
        locked(&self.held).clone()
    }

    /// What this worker says of itself, which hears of others in that queue.
    pub fn sign_of_life(&self, queue: &str) -> Heartbeat {
        Heartbeat {
            worker: self.settings.id,
            work_queues: self.settings.work_queues,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            leaves: false,
            hears_at: Some(queue.to_owned()),
        }
    }

    /// Tells everybody that a worker is there, or that it leaves.
    pub async fn tell_all(&self, sign: &Heartbeat) {
        let said = match self.settings.keys.seal(MessageKind::Heartbeat, sign) {
            Ok(body) => {
                let (exchange, kind) =
                    (self.settings.names.announce(), MessageKind::Heartbeat.name());
                let key = WORKERS_KEY.to_owned();
                self.publisher.post(OutgoingMessage::news(exchange, key, kind, body)).await
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = said {
            tracing::debug!(error, "nobody could be told who is there");
        }
    }

    /// Says the same to one worker alone, at the queue where it hears; whether it is gone, and that queue with it.
    pub async fn is_gone(&self, sign: &Heartbeat, queue: String) -> bool {
        let Ok(body) = self.settings.keys.seal(MessageKind::Heartbeat, sign) else { return false };
        let call = OutgoingMessage::call(queue, MessageKind::Heartbeat.name(), body);
        matches!(self.publisher.call(call).await, PublishResult::Unroutable(_))
    }
}
