//! Deliveries that are processed without others of the same work queues in between.

use std::collections::BTreeSet;

use crate::bus_messages::CommandEnvelope;
use crate::ports::{Delivery, DeliveryTag};

pub(super) struct Batch {
    /// The work queues of all its deliveries.
    pub queues: BTreeSet<u64>,
    /// Processed together.
    pub new: Option<NewDeliveries>,
    /// Processed one by one afterwards, so that a command that crashes the worker takes as few
    /// others with it as possible.
    pub redelivered: Vec<Delivery>,
}

/// The commands of deliveries that are acknowledged together.
pub(super) struct NewDeliveries {
    pub tags: Vec<DeliveryTag>,
    pub commands: Vec<CommandEnvelope>,
}

impl Batch {
    pub fn of(deliveries: Vec<Delivery>) -> Self {
        let queues = deliveries.iter().map(|it| it.tag.queue).collect();
        let (new, mut redelivered): (Vec<_>, Vec<_>) =
            deliveries.into_iter().partition(|it| it.redeliveries == 0);
        // Every other time in reverse order, so that the deliveries behind a command that crashes
        // the worker have a turn.
        if redelivered.iter().any(|it| it.redeliveries % 2 == 0) {
            redelivered.reverse();
        }
        Self { queues, new: NewDeliveries::of(new), redelivered }
    }
}

impl NewDeliveries {
    fn of(deliveries: Vec<Delivery>) -> Option<Self> {
        let tags: Vec<_> = deliveries.iter().map(|it| it.tag).collect();
        let commands = deliveries.into_iter().flat_map(|it| it.commands).collect();
        (!tags.is_empty()).then_some(Self { tags, commands })
    }
}
