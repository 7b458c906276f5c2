//! Work queues that do not confirm while the broker does, as when the leader of one is away.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use sockbit_application::mutex::locked;
use tokio::time::Instant;

use crate::publisher::PublishResult;

/// How long nothing is sent to such a queue. Everything else would have to wait for it each time.
const LEFT_ALONE_FOR: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct CircuitBreaker(Mutex<BTreeMap<u16, Instant>>);

/// Things, each for a queue.
type ByQueue<T> = Vec<(u16, T)>;

impl CircuitBreaker {
    /// What is for queues that answer, and what is for those that are left alone now.
    pub fn part<T>(&self, parcels: ByQueue<T>) -> (ByQueue<T>, ByQueue<T>) {
        let mut silent = locked(&self.0);
        silent.retain(|_, since| since.elapsed() < LEFT_ALONE_FOR);
        parcels.into_iter().partition(|(queue, _)| !silent.contains_key(queue))
    }

    /// Learns from what became of what was sent to these queues.
    pub fn learn(&self, queues: &[u16], verdicts: &[PublishResult]) {
        for (queue, verdict) in queues.iter().zip(verdicts) {
            if matches!(verdict, PublishResult::Silent(_)) {
                locked(&self.0).insert(*queue, Instant::now());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent() -> PublishResult {
        PublishResult::Silent("no answer in time".to_owned())
    }

    fn parted(queues: &CircuitBreaker) -> (Vec<u16>, Vec<u16>) {
        let (answering, silent) = queues.part(vec![(1, ()), (2, ()), (1, ())]);
        let numbers = |it: ByQueue<()>| it.into_iter().map(|(queue, ())| queue).collect();
        (numbers(answering), numbers(silent))
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_is_silent_alone_is_left_alone_for_a_while() {
        let queues = CircuitBreaker::default();
        queues.learn(&[1, 2], &[PublishResult::Taken, silent()]);
        assert_eq!(parted(&queues), (vec![1, 1], vec![2]));
        tokio::time::advance(LEFT_ALONE_FOR).await;
        assert_eq!(parted(&queues), (vec![1, 2, 1], vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_is_silent_also_where_nothing_was_sent_to_another() {
        let queues = CircuitBreaker::default();
        queues.learn(&[2], &[silent()]);
        assert_eq!(parted(&queues), (vec![1, 1], vec![2]));
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_broker_itself_is_silent_no_queue_is_blamed() {
        let queues = CircuitBreaker::default();
        let unknown = PublishResult::Unknown("no answer in time".to_owned());
        queues.learn(&[1, 2], &[unknown.clone(), unknown]);
        queues.learn(&[1], &[PublishResult::Refused("full".to_owned())]);
        assert_eq!(parted(&queues), (vec![1, 2, 1], vec![]));
    }
}
