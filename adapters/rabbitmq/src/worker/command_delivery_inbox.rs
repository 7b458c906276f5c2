//! Deliveries of commands: those to take, and those that were taken and are not acknowledged yet.
//!
//! Each time a queue is consumed, it gets a new consumer number and a channel of its own. The
//! number is part of the delivery tag, so that a tag never means a delivery of another channel.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Mutex;

use futures::FutureExt;
use futures::future::{BoxFuture, ready, try_join_all};
use lapin::Channel;
use lapin::options::BasicAckOptions;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{Delivery, DeliveryTag, Unavailable};
use tokio::sync::Notify;

pub(super) struct CommandDeliveryInbox {
    state: Mutex<State>,
    arrived: Notify,
    /// A delivery was acknowledged, or a consumer was removed.
    settled: Notify,
}

/// An acknowledgement that the driver writes.
type Acknowledgement = BoxFuture<'static, lapin::Result<()>>;

#[derive(Default)]
struct State {
    deliveries: VecDeque<Delivery>,
    consumers: HashMap<u64, Consumer>,
    last_consumer: u64,
    /// Whether further deliveries are ignored.
    is_finishing: bool,
}

struct Consumer {
    channel: Channel,
    unsettled: BTreeSet<u64>,
    /// The unsettled ones that will never be acknowledged. They stay in `unsettled`, so that no
    /// acknowledgement covers them.
    returned: BTreeSet<u64>,
}

impl Consumer {
    fn is_settled(&self) -> bool {
        self.unsettled.is_subset(&self.returned)
    }
}

impl CommandDeliveryInbox {
    pub fn new() -> Self {
        Self { state: Mutex::default(), arrived: Notify::new(), settled: Notify::new() }
    }

    /// Adds a consumer, and returns its number.
    pub fn add_consumer(&self, channel: Channel) -> u64 {
        let mut state = locked(&self.state);
        state.last_consumer += 1;
        let number = state.last_consumer;
        let consumer = Consumer { channel, unsettled: BTreeSet::new(), returned: BTreeSet::new() };
        state.consumers.insert(number, consumer);
        number
    }

    /// Registers a delivery that must be acknowledged.
    pub fn register(&self, tag: DeliveryTag) {
        let mut state = locked(&self.state);
        if !state.is_finishing
            && let Some(consumer) = state.consumers.get_mut(&tag.queue)
        {
            consumer.unsettled.insert(tag.tag);
        }
    }

    /// Leaves a registered delivery to the broker, which delivers it again once its consumer is
    /// removed.
    pub fn return_to_broker(&self, tag: DeliveryTag) {
        if let Some(consumer) = locked(&self.state).consumers.get_mut(&tag.queue) {
            consumer.returned.insert(tag.tag);
        }
        self.settled.notify_waiters();
    }

    /// Adds a registered delivery, unless its consumer was removed.
    pub fn push(&self, delivery: Delivery) {
        let mut state = locked(&self.state);
        if !state.is_finishing && state.consumers.contains_key(&delivery.tag.queue) {
            state.deliveries.push_back(delivery);
        }
        drop(state);
        self.arrived.notify_one();
    }

    /// Waits for a delivery, then takes the others that are there, up to `commands_max` commands.
    /// This is cancel safe: a dropped call takes nothing.
    pub async fn take(&self, commands_max: usize) -> Vec<Delivery> {
        loop {
            let taken = self.take_available(commands_max);
            if !taken.is_empty() {
                return taken;
            }
            self.arrived.notified().await;
        }
    }

    fn take_available(&self, commands_max: usize) -> Vec<Delivery> {
        let mut state = locked(&self.state);
        let (mut taken, mut count) = (Vec::new(), 0);
        while (taken.is_empty() || count < commands_max)
            && let Some(delivery) = state.deliveries.pop_front()
        {
            count += delivery.commands.len();
            taken.push(delivery);
        }
        taken
    }

    /// Acknowledges deliveries. It fails for those whose consumer was removed: the broker delivers
    /// them again.
    pub async fn acknowledge(&self, tags: &[DeliveryTag]) -> Result<(), Unavailable> {
        let mut consumers: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for tag in tags {
            consumers.entry(tag.queue).or_default().insert(tag.tag);
        }
        let acknowledging: Vec<_> =
            consumers.into_iter().map(|(consumer, tags)| self.settle(consumer, &tags)).collect();
        self.settled.notify_waiters();
        let mut result = Ok(());
        for acknowledgements in acknowledging {
            let written = match acknowledgements {
                Ok(acknowledgements) => try_join_all(acknowledgements).await.map_err(unavailable),
                Err(error) => Err(error),
            };
            result = result.and(written.map(drop));
        }
        result
    }

    /// Settles deliveries of one consumer, and passes their acknowledgements to the driver. It
    /// holds the lock meanwhile: an acknowledgement that covers all earlier deliveries must not
    /// overtake those of the deliveries that it must not cover.
    fn settle(
        &self,
        consumer: u64,
        tags: &BTreeSet<u64>,
    ) -> Result<Vec<Acknowledgement>, Unavailable> {
        let lost = || Unavailable("the connection of this delivery was lost".to_owned());
        let mut state = locked(&self.state);
        let consumer = state.consumers.get_mut(&consumer).ok_or_else(lost)?;
        let acknowledgements = acknowledgements(&consumer.unsettled, tags);
        consumer.unsettled.retain(|tag| !tags.contains(tag));
        let pass_on = |(tag, multiple)| acknowledge(consumer.channel.clone(), tag, multiple);
        Ok(acknowledgements.into_iter().map(pass_on).collect())
    }

    /// Waits until all deliveries of a consumer are settled.
    pub async fn settled(&self, consumer: u64) {
        let is_settled =
            |state: &State| state.consumers.get(&consumer).is_none_or(Consumer::is_settled);
        self.until(is_settled).await;
    }

    /// Waits until all deliveries that were taken are acknowledged. The others go to another
    /// worker.
    pub async fn finish(&self) {
        {
            let mut state = locked(&self.state);
            state.is_finishing = true;
            for delivery in std::mem::take(&mut state.deliveries) {
                if let Some(consumer) = state.consumers.get_mut(&delivery.tag.queue) {
                    consumer.unsettled.remove(&delivery.tag.tag);
                }
            }
        }
        self.until(|state| state.consumers.values().all(Consumer::is_settled)).await;
    }

    async fn until(&self, condition: impl Fn(&State) -> bool) {
        loop {
            // Before the condition is checked, so that no notification is missed in between.
            let settled = self.settled.notified();
            if condition(&locked(&self.state)) {
                return;
            }
            settled.await;
        }
    }

    /// Removes a consumer. The broker delivers what it has not acknowledged again.
    pub fn remove_consumer(&self, consumer: u64) {
        let mut state = locked(&self.state);
        state.consumers.remove(&consumer);
        state.deliveries.retain(|it| it.tag.queue != consumer);
        drop(state);
        self.settled.notify_waiters();
    }

    /// Removes all consumers.
    pub fn clear(&self) {
        let mut state = locked(&self.state);
        state.consumers.clear();
        state.deliveries.clear();
        drop(state);
        self.settled.notify_waiters();
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it converts errors of the driver")]
fn unavailable(error: lapin::Error) -> Unavailable {
    Unavailable(error.to_string())
}

/// Passes an acknowledgement to the driver, which the first poll does.
fn acknowledge(channel: Channel, tag: u64, multiple: bool) -> Acknowledgement {
    let options = BasicAckOptions { multiple };
    let mut writing: Acknowledgement =
        Box::pin(async move { channel.basic_ack(tag, options).await });
    match writing.as_mut().now_or_never() {
        Some(written) => Box::pin(ready(written)),
        None => writing,
    }
}

/// The fewest acknowledgements for these tags: one that covers all before the first delivery that
/// stays unsettled, and one for each after it. Tags that are not unsettled are omitted, because the
/// broker closes a channel that acknowledges a delivery twice.
fn acknowledgements(unsettled: &BTreeSet<u64>, tags: &BTreeSet<u64>) -> Vec<(u64, bool)> {
    let covered = unsettled.iter().take_while(|tag| tags.contains(tag)).count();
    let last_covered = covered.checked_sub(1).and_then(|at| unsettled.iter().nth(at));
    let later = unsettled.iter().skip(covered).filter(|tag| tags.contains(tag));
    last_covered.map(|tag| (*tag, true)).into_iter().chain(later.map(|tag| (*tag, false))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acknowledged(unsettled: &[u64], tags: &[u64]) -> Vec<(u64, bool)> {
        acknowledgements(&unsettled.iter().copied().collect(), &tags.iter().copied().collect())
    }

    #[test]
    fn one_acknowledgement_covers_all_first_deliveries() {
        assert_eq!(acknowledged(&[4, 5, 6], &[4, 5, 6]), [(6, true)]);
        assert_eq!(acknowledged(&[4, 5, 6], &[4, 5]), [(5, true)]);
    }

    #[test]
    fn deliveries_after_an_unsettled_one_are_acknowledged_one_by_one() {
        assert_eq!(acknowledged(&[4, 5, 6, 7], &[5, 7]), [(5, false), (7, false)]);
        assert_eq!(acknowledged(&[4, 5, 6, 7], &[4, 6, 7]), [(4, true), (6, false), (7, false)]);
    }

    #[test]
    fn a_settled_delivery_is_not_acknowledged_again() {
        assert_eq!(acknowledged(&[6], &[4, 5]), []);
        assert_eq!(acknowledged(&[], &[4]), []);
        assert_eq!(acknowledged(&[6], &[4, 5, 6]), [(6, true)]);
    }
}
