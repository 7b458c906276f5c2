//! Deliveries that wait for their turn, by work queue.

use std::collections::BTreeSet;

use hashlink::LinkedHashMap;

use super::batch::Batch;
use crate::ports::Delivery;

/// Commands in one batch. A larger batch would only delay its first command.
pub(super) const BATCH_MAX: usize = 512;

/// Deliveries that were taken off the bus and are not processed yet.
#[derive(Default)]
pub(super) struct WaitingDeliveries {
    /// The queue that has waited longest first; the deliveries of each in the order of the bus.
    queues: LinkedHashMap<u64, Vec<Delivery>>,
}

impl WaitingDeliveries {
    pub fn add(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            self.queues.entry(delivery.tag.queue).or_insert_with(Vec::new).push(delivery);
        }
    }

    /// Takes a batch of one queue that has redelivered commands: they are processed one by one, and
    /// other queues do not wait for that.
    pub fn take_redelivered(&mut self, busy: &BTreeSet<u64>) -> Option<Batch> {
        let mut idle = self.queues.iter().filter(|(queue, _)| !busy.contains(queue));
        let queue = idle.find(|(_, deliveries)| has_redelivered(deliveries)).map(|it| *it.0)?;
        Some(Batch::of(self.take_from(queue, BATCH_MAX)))
    }

    /// Takes one batch of all queues that have only new deliveries.
    pub fn take_new(&mut self, busy: &BTreeSet<u64>) -> Option<Batch> {
        let queues = self.queues.iter();
        let ready = queues.filter(|(queue, it)| !busy.contains(queue) && !has_redelivered(it));
        let ready: Vec<u64> = ready.map(|(queue, _)| *queue).collect();
        let (mut deliveries, mut commands) = (Vec::new(), 0);
        for queue in ready {
            if commands >= BATCH_MAX {
                break;
            }
            let taken = self.take_from(queue, BATCH_MAX - commands);
            commands += taken.iter().map(|it| it.commands.len()).sum::<usize>();
            deliveries.extend(taken);
        }
        (!deliveries.is_empty()).then(|| Batch::of(deliveries))
    }

    /// Takes deliveries of a queue until there are `commands_max` commands. A queue that has more
    /// goes to the end.
    fn take_from(&mut self, queue: u64, commands_max: usize) -> Vec<Delivery> {
        let mut deliveries = self.queues.remove(&queue).unwrap_or_default();
        let mut commands = 0;
        let fits = |it: &&Delivery| {
            let is_room_left = commands < commands_max;
            commands += it.commands.len();
            is_room_left
        };
        let taken = deliveries.iter().take_while(fits).count();
        let rest = deliveries.split_off(taken);
        if !rest.is_empty() {
            self.queues.insert(queue, rest);
        }
        deliveries
    }
}

fn has_redelivered(deliveries: &[Delivery]) -> bool {
    deliveries.iter().any(|it| it.redeliveries > 0)
}
