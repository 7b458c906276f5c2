//! Deliveries that are processed together, and then acknowledged together.

use crate::bus_messages::CommandEnvelope;
use crate::ports::{Delivery, DeliveryTag};

/// Batches that are processed in order, and the deliveries to acknowledge after all of them.
pub(super) struct AckGroup {
    pub tags: Vec<DeliveryTag>,
    pub batches: Vec<Vec<CommandEnvelope>>,
    pub is_redelivered: bool,
}

/// New deliveries form one batch. Redelivered commands are processed one by one, so that a command
/// that crashes the worker takes as few others with it as possible.
pub(super) fn ack_groups(deliveries: Vec<Delivery>) -> Vec<AckGroup> {
    let (new, redelivered): (Vec<_>, Vec<_>) =
        deliveries.into_iter().partition(|it| it.redeliveries == 0);
    let mut groups = Vec::new();
    if !new.is_empty() {
        let tags = new.iter().map(|it| it.tag).collect();
        let batch = new.into_iter().flat_map(|it| it.commands).collect();
        groups.push(AckGroup { tags, batches: vec![batch], is_redelivered: false });
    }
    // Every other time in reverse order, so that the deliveries behind such a command have a turn.
    let is_reversed = redelivered.iter().any(|it| it.redeliveries % 2 == 0);
    let mut redelivered: Vec<AckGroup> = redelivered.into_iter().map(one_by_one).collect();
    if is_reversed {
        redelivered.reverse();
    }
    groups.extend(redelivered);
    groups
}

fn one_by_one(delivery: Delivery) -> AckGroup {
    let batches = delivery.commands.into_iter().map(|command| vec![command]).collect();
    AckGroup { tags: vec![delivery.tag], batches, is_redelivered: true }
}
