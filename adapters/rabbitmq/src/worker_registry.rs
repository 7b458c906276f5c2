//! The workers that are known to be alive, by their heartbeats.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use sockbit_application::mutex::locked;
use tokio::time::Instant;
use uuid::Uuid;

use crate::heartbeat::Heartbeat;

/// A worker is gone after so many intervals without a heartbeat. A worker that was only delayed
/// keeps its queues: until it stops, the broker delivers to no other consumer.
const INTERVALS_MAX: u32 = 4;
/// There are at most 256 queues, so more workers would be idle.
const WORKERS_MAX: usize = 1_024;

/// The last heartbeat of each live worker.
#[derive(Default)]
pub(crate) struct WorkerRegistry {
    heartbeats: Mutex<BTreeMap<Uuid, (Instant, Heartbeat)>>,
}

impl WorkerRegistry {
    /// Records a heartbeat. Returns whether a worker joined or left.
    pub fn record(&self, heartbeat: Heartbeat) -> bool {
        let mut heartbeats = locked(&self.heartbeats);
        if heartbeat.is_leaving {
            // The previous version publishes this for others, which may have reconnected meanwhile.
            let is_back = heartbeats.get(&heartbeat.worker).is_some_and(|(_, last)| {
                heartbeat.queue.is_some() && last.queue != heartbeat.queue
            });
            return !is_back && heartbeats.remove(&heartbeat.worker).is_some();
        }
        if heartbeats.len() >= WORKERS_MAX && !heartbeats.contains_key(&heartbeat.worker) {
            return false;
        }
        heartbeats.insert(heartbeat.worker, (Instant::now(), heartbeat)).is_none()
    }

    /// The live workers.
    pub fn live(&self) -> BTreeMap<Uuid, Heartbeat> {
        let mut heartbeats = locked(&self.heartbeats);
        heartbeats.retain(|_, (received, last)| received.elapsed() <= timeout(last));
        heartbeats.iter().map(|(id, (_, heartbeat))| (*id, heartbeat.clone())).collect()
    }

    /// Whether a live worker consumes the queue of query batches.
    pub fn has_reader_of_query_batches(&self) -> bool {
        self.live().values().any(|it| it.reads_query_batches)
    }

    /// Checks that all live workers are configured with this number of work queues.
    pub fn check_work_queues(&self, work_queues: u16) -> Result<(), String> {
        match self.live().values().find(|it| it.work_queues != work_queues) {
            None => Ok(()),
            Some(other) => Err(format!(
                "this process is configured with {work_queues} work queues and the worker {} with \
                 {}; --work-queues must be the same everywhere",
                other.worker, other.work_queues
            )),
        }
    }
}

fn timeout(heartbeat: &Heartbeat) -> Duration {
    Duration::from_millis(heartbeat.interval_milliseconds.into()) * INTERVALS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn heartbeat(worker: u128) -> Heartbeat {
        Heartbeat {
            worker: id(worker),
            work_queues: 16,
            version: "1.0.0".to_owned(),
            is_leaving: false,
            queue: Some(format!("worker.{worker}.0")),
            interval_milliseconds: 1_000,
            reads_query_batches: true,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_without_heartbeats_is_removed() {
        let registry = WorkerRegistry::default();
        assert!(registry.record(heartbeat(1)), "it joins");
        tokio::time::advance(Duration::from_secs(3)).await;
        assert!(registry.record(heartbeat(2)), "it joins");
        assert!(!registry.record(heartbeat(2)), "it is known");
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(registry.live().into_keys().collect::<Vec<_>>(), [id(2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_sends_fewer_heartbeats_is_removed_later() {
        let registry = WorkerRegistry::default();
        registry.record(Heartbeat { interval_milliseconds: 2_000, ..heartbeat(1) });
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(registry.live().len(), 1);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(registry.live().is_empty());
    }

    #[test]
    fn a_heartbeat_of_the_previous_version_is_read() {
        let json = r#"{"worker":"00000000-0000-0000-0000-000000000001","work_queues":16,
            "version":"1.0.0","leaves":false,"hears_at":"worker.1.0"}"#;
        let previous: Heartbeat = serde_json::from_str(json).expect("a heartbeat");
        let expected =
            Heartbeat { interval_milliseconds: 2_000, reads_query_batches: false, ..heartbeat(1) };
        assert_eq!(previous, expected);
    }

    #[test]
    fn query_batches_are_read_while_one_worker_of_this_version_is_alive() {
        let registry = WorkerRegistry::default();
        registry.record(Heartbeat { reads_query_batches: false, ..heartbeat(1) });
        assert!(!registry.has_reader_of_query_batches());
        registry.record(heartbeat(2));
        assert!(registry.has_reader_of_query_batches());
        registry.record(Heartbeat { is_leaving: true, ..heartbeat(2) });
        assert!(!registry.has_reader_of_query_batches());
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_leaves_is_removed_at_once() {
        let registry = WorkerRegistry::default();
        registry.record(heartbeat(1));
        assert!(registry.record(Heartbeat { is_leaving: true, ..heartbeat(1) }), "it leaves");
        assert!(registry.live().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_notice_about_a_lost_connection_does_not_remove_a_worker_that_reconnected() {
        let registry = WorkerRegistry::default();
        let notice = Heartbeat { is_leaving: true, ..heartbeat(1) };
        registry.record(Heartbeat { queue: Some("worker.1.1".to_owned()), ..heartbeat(1) });
        assert!(!registry.record(notice.clone()), "it stays");
        assert_eq!(registry.live().len(), 1);
        registry.record(heartbeat(1));
        assert!(registry.record(notice), "it leaves");
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_of_an_older_program_leaves_without_announcing_its_queue() {
        let registry = WorkerRegistry::default();
        let older = Heartbeat { queue: None, ..heartbeat(1) };
        registry.record(older.clone());
        assert!(registry.record(Heartbeat { is_leaving: true, ..older }), "it leaves");
    }

    #[tokio::test(start_paused = true)]
    async fn a_live_worker_with_another_number_of_work_queues_is_reported() {
        let registry = WorkerRegistry::default();
        assert_eq!(registry.check_work_queues(16), Ok(()));
        registry.record(heartbeat(1));
        assert_eq!(registry.check_work_queues(16), Ok(()));
        registry.record(Heartbeat { work_queues: 8, ..heartbeat(2) });
        let error = registry.check_work_queues(16).expect_err("they differ");
        assert!(error.contains("16") && error.contains(&id(2).to_string()), "{error}");
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(registry.check_work_queues(16), Ok(()), "it is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_workers_is_bounded() {
        let registry = WorkerRegistry::default();
        for n in 0..2_000 {
            registry.record(heartbeat(n));
        }
        assert_eq!(registry.live().len(), WORKERS_MAX);
    }
}
