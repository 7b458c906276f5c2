//! Deliveries of commands: waiting to be taken, and taken but not yet acknowledged.
//!
//! A *stand* is one time that a queue is consumed, on a channel of its own. Its number goes into
//! the receipts, so that a receipt never means a delivery of another channel.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Mutex;

use lapin::Channel;
use lapin::options::BasicAckOptions;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{Delivery, DeliveryTag, Unavailable};
use tokio::sync::Notify;

pub(super) struct DeliveryInbox {
    inside: Mutex<Inside>,
    arrived: Notify,
    /// Something was acknowledged, or is over.
    settled: Notify,
    /// Acknowledgements leave one after the other: one that covers all before it must not overtake
    /// those that it covers.
    acknowledging: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Inside {
    waiting: VecDeque<Delivery>,
    stands: HashMap<u64, ConsumerState>,
    last_stand: u64,
    /// Whether nothing more is taken in.
    is_finishing: bool,
}

struct ConsumerState {
    channel: Channel,
    unsettled: BTreeSet<u64>,
    /// Those of them that are never acknowledged. They stay among them, so that no acknowledgement covers them.
    given_back: BTreeSet<u64>,
}

impl ConsumerState {
    fn is_settled(&self) -> bool {
        self.unsettled.is_subset(&self.given_back)
    }
}

impl DeliveryInbox {
    pub fn new() -> Self {
        Self {
            inside: Mutex::default(),
            arrived: Notify::new(),
            settled: Notify::new(),
            acknowledging: tokio::sync::Mutex::default(),
        }
    }

    /// A queue begins to be consumed: the number of its stand.
    pub fn open(&self, channel: Channel) -> u64 {
        let mut inside = locked(&self.inside);
        inside.last_stand += 1;
        let number = inside.last_stand;
        inside.stands.insert(
            number,
            ConsumerState { channel, unsettled: BTreeSet::new(), given_back: BTreeSet::new() },
        );
        number
    }

    /// Something was delivered, which has to be acknowledged some time.
    pub fn expect(&self, receipt: DeliveryTag) {
        let mut inside = locked(&self.inside);
        if !inside.is_finishing
            && let Some(stand) = inside.stands.get_mut(&receipt.queue)
        {
            stand.unsettled.insert(receipt.tag);
        }
    }

    /// What was delivered comes again when its stand is over, and nobody waits for it here.
    pub fn give_back(&self, receipt: DeliveryTag) {
        if let Some(stand) = locked(&self.inside).stands.get_mut(&receipt.queue) {
            stand.given_back.insert(receipt.tag);
        }
        self.settled.notify_waiters();
    }

    /// Puts in a delivery that is expected, unless its stand is gone.
    pub fn put(&self, delivery: Delivery) {
        let mut inside = locked(&self.inside);
        if !inside.is_finishing && inside.stands.contains_key(&delivery.tag.queue) {
            inside.waiting.push_back(delivery);
        }
        drop(inside);
        self.arrived.notify_one();
    }

    /// Waits for one, then takes what else is there. Whoever gives up waiting takes nothing away.
    pub async fn take(&self, commands_max: usize) -> Vec<Delivery> {
        loop {
            let taken = self.take_now(commands_max);
            if !taken.is_empty() {
                return taken;
            }
            self.arrived.notified().await;
        }
    }

    fn take_now(&self, commands_max: usize) -> Vec<Delivery> {
        let mut inside = locked(&self.inside);
        let (mut taken, mut count) = (Vec::new(), 0);
        while (taken.is_empty() || count < commands_max)
            && let Some(delivery) = inside.waiting.pop_front()
        {
            count += delivery.commands.len();
            taken.push(delivery);
        }
        taken
    }

    /// Tells the broker that these are done with. Those of a stand that is gone come again.
    pub async fn acknowledge(&self, receipts: &[DeliveryTag]) -> Result<(), Unavailable> {
        let _turn = self.acknowledging.lock().await;
        let mut tags: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for receipt in receipts {
            tags.entry(receipt.queue).or_default().insert(receipt.tag);
        }
        let mut failed = None;
        for (stand, tags) in tags {
            if let Err(error) = self.acknowledge_at(stand, &tags).await {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn acknowledge_at(&self, stand: u64, tags: &BTreeSet<u64>) -> Result<(), Unavailable> {
        let gone = || Unavailable("the connection of this delivery is gone".to_owned());
        let (channel, acknowledgements) = {
            let inside = locked(&self.inside);
            let stand = inside.stands.get(&stand).ok_or_else(gone)?;
            (stand.channel.clone(), acknowledgements(&stand.unsettled, tags))
        };
        for (tag, multiple) in acknowledgements {
            let acknowledged = channel.basic_ack(tag, BasicAckOptions { multiple }).await;
            acknowledged.map_err(|error| Unavailable(error.to_string()))?;
        }
        let mut inside = locked(&self.inside);
        if let Some(stand) = inside.stands.get_mut(&stand) {
            stand.unsettled.retain(|tag| !tags.contains(tag));
        }
        drop(inside);
        self.settled.notify_waiters();
        Ok(())
    }

    /// Waits until everything that a stand delivered is acknowledged.
    pub async fn settled(&self, stand: u64) {
        self.until(|inside| inside.stands.get(&stand).is_none_or(ConsumerState::is_settled)).await;
    }

    /// Waits until everything that was taken is acknowledged, and hands out nothing more: what was
    /// not taken goes to another worker.
    pub async fn finish(&self) {
        {
            let mut inside = locked(&self.inside);
            inside.is_finishing = true;
            for delivery in std::mem::take(&mut inside.waiting) {
                let receipt = delivery.tag;
                if let Some(stand) = inside.stands.get_mut(&receipt.queue) {
                    stand.unsettled.remove(&receipt.tag);
                }
            }
        }
        self.until(|inside| inside.stands.values().all(ConsumerState::is_settled)).await;
    }

    async fn until(&self, is_so: impl Fn(&Inside) -> bool) {
        loop {
            // Before looking, so that nothing is missed in between.
            let settled = self.settled.notified();
            if is_so(&locked(&self.inside)) {
                return;
            }
            settled.await;
        }
    }

    /// A stand is over: what nobody took of it, and what is not acknowledged, comes again.
    pub fn close(&self, stand: u64) {
        let mut inside = locked(&self.inside);
        inside.stands.remove(&stand);
        inside.waiting.retain(|it| it.tag.queue != stand);
        drop(inside);
        self.settled.notify_waiters();
    }

    /// All stands are over.
    pub fn clear(&self) {
        let mut inside = locked(&self.inside);
        inside.stands.clear();
        inside.waiting.clear();
        drop(inside);
        self.settled.notify_waiters();
    }
}

/// As few acknowledgements as say it: one for all up to the first that stays open, and one for each
/// after it. Tags that are not open any more are left out, for the broker ends a channel over them.
fn acknowledgements(unsettled: &BTreeSet<u64>, tags: &BTreeSet<u64>) -> Vec<(u64, bool)> {
    let first = unsettled.iter().take_while(|tag| tags.contains(tag)).count();
    let last_of_first = first.checked_sub(1).and_then(|at| unsettled.iter().nth(at));
    let later = unsettled.iter().skip(first).filter(|tag| tags.contains(tag));
    last_of_first
        .map(|tag| (*tag, true))
        .into_iter()
        .chain(later.map(|tag| (*tag, false)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(unsettled: &[u64], tags: &[u64]) -> Vec<(u64, bool)> {
        acknowledgements(&unsettled.iter().copied().collect(), &tags.iter().copied().collect())
    }

    #[test]
    fn one_word_acknowledges_all_that_came_first() {
        assert_eq!(said(&[4, 5, 6], &[4, 5, 6]), [(6, true)]);
        assert_eq!(said(&[4, 5, 6], &[4, 5]), [(5, true)]);
    }

    #[test]
    fn what_comes_after_an_open_one_is_acknowledged_for_itself() {
        assert_eq!(said(&[4, 5, 6, 7], &[5, 7]), [(5, false), (7, false)]);
        assert_eq!(said(&[4, 5, 6, 7], &[4, 6, 7]), [(4, true), (6, false), (7, false)]);
    }

    #[test]
    fn what_is_acknowledged_already_is_not_acknowledged_again() {
        assert_eq!(said(&[6], &[4, 5]), []);
        assert_eq!(said(&[], &[4]), []);
        assert_eq!(said(&[6], &[4, 5, 6]), [(6, true)]);
    }
}
