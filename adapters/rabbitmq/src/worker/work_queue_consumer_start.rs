//! Starts the consumer of a work queue and runs it until it is stopped.

use tokio::time::timeout;

use super::broken_queue_recovery::{START_TIMEOUT, WorkQueueRecovery};
use super::work_queue_consumer::{WorkQueueConsumer, close_channel};
use crate::consumer_start::start_consumer;

/// Prefetched messages of all queues together. Each is at most about as large as the largest
/// command, so they take some hundred megabytes at worst.
const PREFETCH_TOTAL: u16 = 1_024;
const PREFETCH_MIN: u16 = 4;
const PREFETCH_MAX: u16 = 64;

/// Runs a consumer. Returns once it is stopped, or with the reason why the worker's connection is
/// unusable.
///
/// A queue that may have caused the loss of the last connection is recovered first.
pub(super) async fn run_consumer(consumer: WorkQueueConsumer) -> Result<(), String> {
    let mut is_suspect = consumer.state.mark_suspect(consumer.queue);
    loop {
        if is_suspect {
            let mut recovery = WorkQueueRecovery::new(&consumer.state, consumer.queue);
            tokio::select! {
                _ = consumer.stopped.clone() => return Ok(()),
                () = recovery.until_servable() => {}
            }
        }
        let channel = consumer.connection.open_channel().await.map_err(|it| it.to_string())?;
        let starting =
            start_consumer(&channel, &consumer.name, prefetch(consumer.state.settings.work_queues));
        let started = tokio::select! {
            _ = consumer.stopped.clone() => return close_channel(&channel).await,
            started = timeout(START_TIMEOUT, starting) => started,
        };
        match started {
            Ok(Ok(deliveries)) => return consumer.run(channel, deliveries).await,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => tracing::warn!(queue = consumer.name, "a work queue does not respond"),
        }
        is_suspect = true;
        close_channel(&channel).await?;
    }
}

/// The prefetch of one queue among so many.
fn prefetch(work_queues: u16) -> u16 {
    (PREFETCH_TOTAL / work_queues.max(1)).clamp(PREFETCH_MIN, PREFETCH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefetch_of_all_queues_together_is_bounded() {
        assert_eq!([1, 16, 32, 256].map(prefetch), [64, 64, 32, 4]);
        for queues in 1..=256 {
            assert!(queues * prefetch(queues) <= PREFETCH_TOTAL, "of {queues} queues");
        }
    }
}
