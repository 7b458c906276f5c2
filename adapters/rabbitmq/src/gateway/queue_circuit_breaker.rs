//! A circuit breaker for single work queues that do not confirm while the broker does, for example
//! because a queue has no leader.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use sockbit_application::mutex::locked;
use tokio::time::Instant;

use crate::outgoing_message::PublishResult;

/// How long such a queue is blocked: nothing is published to it. Its senders would wait for the
/// timeout of each publish, and the channel would be replaced after it.
const OPEN_FOR: Duration = Duration::from_secs(5);

/// The blocked queues, and since when each is blocked.
#[derive(Default)]
pub(super) struct QueueCircuitBreaker(Mutex<BTreeMap<u16, Instant>>);

/// Items, each with the number of its queue.
type ByQueue<T> = Vec<(u16, T)>;

impl QueueCircuitBreaker {
    /// Separates messages to publish from those whose queue is blocked.
    pub fn partition<T>(&self, messages: ByQueue<T>) -> (ByQueue<T>, ByQueue<T>) {
        let mut blocked = locked(&self.0);
        blocked.retain(|_, since| since.elapsed() < OPEN_FOR);
        messages.into_iter().partition(|(queue, _)| !blocked.contains_key(queue))
    }

    /// Records the results of publishing to these queues.
    pub fn record(&self, queues: &[u16], results: &[PublishResult]) {
        for (queue, result) in queues.iter().zip(results) {
            if matches!(result, PublishResult::QueueUnresponsive(_)) {
                locked(&self.0).insert(*queue, Instant::now());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unresponsive() -> PublishResult {
        PublishResult::QueueUnresponsive("no confirm in time".to_owned())
    }

    fn partition(breaker: &QueueCircuitBreaker) -> (Vec<u16>, Vec<u16>) {
        let (allowed, blocked) = breaker.partition(vec![(1, ()), (2, ()), (1, ())]);
        let numbers = |it: ByQueue<()>| it.into_iter().map(|(queue, ())| queue).collect();
        (numbers(allowed), numbers(blocked))
    }

    #[tokio::test(start_paused = true)]
    async fn an_unresponsive_queue_is_blocked_for_a_while() {
        let breaker = QueueCircuitBreaker::default();
        breaker.record(&[1, 2], &[PublishResult::Confirmed, unresponsive()]);
        assert_eq!(partition(&breaker), (vec![1, 1], vec![2]));
        tokio::time::advance(OPEN_FOR).await;
        assert_eq!(partition(&breaker), (vec![1, 2, 1], vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_is_blocked_even_if_nothing_was_published_to_another() {
        let breaker = QueueCircuitBreaker::default();
        breaker.record(&[2], &[unresponsive()]);
        assert_eq!(partition(&breaker), (vec![1, 1], vec![2]));
    }

    #[tokio::test(start_paused = true)]
    async fn an_unresponsive_broker_blocks_no_queue() {
        let breaker = QueueCircuitBreaker::default();
        let unknown = PublishResult::Unknown("no confirm in time".to_owned());
        breaker.record(&[1, 2], &[unknown.clone(), unknown]);
        breaker.record(&[1], &[PublishResult::Refused("full".to_owned())]);
        assert_eq!(partition(&breaker), (vec![1, 2, 1], vec![]));
    }
}
