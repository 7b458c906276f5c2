//! The workers that are known to be alive, by their heartbeats.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Mutex;
use std::time::Duration;

use sockbit_application::mutex::locked;
use tokio::time::Instant;
use uuid::Uuid;

use crate::bus_messages::Heartbeat;

pub(crate) const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(2);
/// A worker without a heartbeat for so long is gone, whether the broker has noticed it or not.
pub(crate) const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(6);
/// There are at most 256 queues, so more workers would be idle.
const WORKERS_MAX: usize = 1_024;

/// The last heartbeat of each live worker.
#[derive(Default)]
pub(crate) struct WorkerRegistry {
    heartbeats: Mutex<BTreeMap<Uuid, (Instant, Heartbeat)>>,
}

impl WorkerRegistry {
    /// Records a heartbeat, or a notice by another worker that this one is gone. Returns whether a
    /// worker joined or left.
    pub fn record(&self, heartbeat: Heartbeat) -> bool {
        let mut heartbeats = locked(&self.heartbeats);
        if heartbeat.is_leaving {
            // A worker whose connection was lost may have another one already.
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
        heartbeats.retain(|_, (received, _)| received.elapsed() <= HEARTBEAT_TIMEOUT);
        heartbeats.iter().map(|(id, (_, heartbeat))| (*id, heartbeat.clone())).collect()
    }

    /// The worker to probe after `last`: each one that announced its queue, except `me`, in turn.
    pub fn next_to_probe(&self, last: Uuid, me: Uuid) -> Option<Heartbeat> {
        let mut others = self.live();
        others.retain(|id, it| *id != me && it.queue.is_some());
        let later = others.range((Excluded(last), Unbounded)).next();
        later.or_else(|| others.first_key_value()).map(|(_, heartbeat)| heartbeat.clone())
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
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_without_heartbeats_is_removed() {
        let registry = WorkerRegistry::default();
        assert!(registry.record(heartbeat(1)), "it joins");
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(registry.record(heartbeat(2)), "it joins");
        assert!(!registry.record(heartbeat(2)), "it is known");
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(registry.live().into_keys().collect::<Vec<_>>(), [id(2)]);
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
    async fn all_other_workers_are_probed_in_turn() {
        let registry = WorkerRegistry::default();
        let next = |last| registry.next_to_probe(id(last), id(5)).map(|it| it.worker);
        assert_eq!(next(5), None);
        registry.record(heartbeat(5));
        assert_eq!(next(5), None, "a worker does not probe itself");
        registry.record(heartbeat(2));
        assert_eq!([next(5), next(2)], [Some(id(2)); 2], "the only one");
        registry.record(heartbeat(9));
        assert_eq!([next(5), next(9), next(2)], [Some(id(9)), Some(id(2)), Some(id(9))]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_does_not_announce_its_queue_is_not_probed() {
        let registry = WorkerRegistry::default();
        registry.record(Heartbeat { queue: None, ..heartbeat(2) });
        registry.record(heartbeat(3));
        assert_eq!(registry.next_to_probe(id(1), id(1)).map(|it| it.worker), Some(id(3)));
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
        tokio::time::advance(Duration::from_secs(7)).await;
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
