//! The names of queues and exchanges, and the routing keys.

use sockbit_application::slot::Slot;
use uuid::Uuid;

/// The names of all queues and exchanges of one installation.
#[derive(Clone, Debug)]
pub struct Names {
    namespace: String,
}

impl Names {
    pub(crate) fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned() }
    }

    /// The work queue with this number. It holds commands.
    #[must_use]
    pub fn work(&self, queue: u16) -> String {
        self.name(&format!("work.{queue}"))
    }

    /// The exchange for messages to gateways and heartbeats.
    ///
    /// The routing key is a slot's number for announcements, `gateway.` with an id for outcomes and
    /// replies, and `workers` for heartbeats. Since all use one exchange, a gateway that receives
    /// heartbeats knows that its bindings exist.
    #[must_use]
    pub fn announce(&self) -> String {
        self.name("announce")
    }

    /// The exchange for presence updates between gateways. The routing key is a slot's number.
    #[must_use]
    pub fn presence(&self) -> String {
        self.name("presence")
    }

    /// The queue of single queries, which all workers consume.
    #[must_use]
    pub fn queries(&self) -> String {
        self.name("questions")
    }

    /// The queue of query batches. Workers of earlier versions do not read batches, and do not consume
    /// it.
    #[must_use]
    pub fn query_batches(&self) -> String {
        self.name("query-batches")
    }

    /// The queue to which programs publish commands.
    #[must_use]
    pub fn intake(&self) -> String {
        self.name("intake")
    }

    /// The dead-letter exchange.
    #[must_use]
    pub fn dead_letter_exchange(&self) -> String {
        self.name("dead")
    }

    /// The queue of dead letters, which operators inspect.
    #[must_use]
    pub fn dead_letters(&self) -> String {
        self.name("dead-letters")
    }

    pub(crate) fn gateway(&self, id: Uuid, connection: u64) -> String {
        self.name(&format!("gateway.{id}.{connection}"))
    }

    pub(crate) fn gateway_presence(&self, gateway: Uuid, connection: u64) -> String {
        self.name(&format!("presence.{gateway}.{connection}"))
    }

    pub(crate) fn worker(&self, id: Uuid, connection: u64) -> String {
        self.name(&format!("worker.{id}.{connection}"))
    }

    /// Whether a queue with this name belongs to this installation.
    pub(crate) fn is_own(&self, queue: &str) -> bool {
        queue.strip_prefix(&self.namespace).is_some_and(|rest| rest.starts_with('.'))
    }

    fn name(&self, rest: &str) -> String {
        format!("{}.{rest}", self.namespace)
    }
}

/// The number of the work queue for a slot.
pub(crate) fn work_queue_of(slot: Slot, work_queues: u16) -> u16 {
    u16::from(slot.0) % work_queues
}

pub(crate) fn slot_key(slot: Slot) -> String {
    slot.0.to_string()
}

pub(crate) fn gateway_key(gateway: Uuid) -> String {
    format!("gateway.{gateway}")
}

/// The routing key of heartbeats.
pub(crate) const HEARTBEAT_KEY: &str = "workers";
