//! Which workers are there, as far as has been heard, and which queues are whose.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Mutex;
use std::time::Duration;

use sockbit_application::fnv::fnv1a_64;
use sockbit_application::mutex::locked;
use tokio::time::Instant;
use uuid::Uuid;

use crate::bus_messages::Heartbeat;

/// How often a worker says that it is there.
pub(crate) const PRESENT_EVERY: Duration = Duration::from_secs(2);
/// How often a worker calls on another one.
pub(crate) const CALLED_ON_EVERY: Duration = Duration::from_millis(250);
/// Whoever was not heard for so long is gone, also where the broker has not noticed it.
pub(crate) const FORGOTTEN_AFTER: Duration = Duration::from_secs(6);
/// More workers than this cannot have a queue each, and nobody can make this grow for ever.
const WORKERS_MAX: usize = 1_024;

/// Those who were heard of late.
#[derive(Default)]
pub(crate) struct WorkerRegistry {
    heard: Mutex<BTreeMap<Uuid, (Instant, Heartbeat)>>,
}

impl WorkerRegistry {
    /// Takes in what a worker says of itself, or another one that missed it. Whether there is one more or one less now.
    pub fn hear(&self, sign: Heartbeat) -> bool {
        let mut heard = locked(&self.heard);
        if sign.leaves {
            // Who was missed on one connection may be back on another.
            let is_back = heard
                .get(&sign.worker)
                .is_some_and(|(_, last)| sign.hears_at.is_some() && last.hears_at != sign.hears_at);
            return !is_back && heard.remove(&sign.worker).is_some();
        }
        if heard.len() >= WORKERS_MAX && !heard.contains_key(&sign.worker) {
            return false;
        }
        heard.insert(sign.worker, (Instant::now(), sign)).is_none()
    }

    /// Those who are there.
    pub fn present(&self) -> BTreeMap<Uuid, Heartbeat> {
        let mut heard = locked(&self.heard);
        heard.retain(|_, (at, _)| at.elapsed() <= FORGOTTEN_AFTER);
        heard.iter().map(|(id, (_, sign))| (*id, sign.clone())).collect()
    }

    /// Whom this worker calls on after it has called on that one: everybody who says where, in turn.
    pub fn next_after(&self, last: Uuid, me: Uuid) -> Option<Heartbeat> {
        let mut others = self.present();
        others.retain(|id, it| *id != me && it.hears_at.is_some());
        let later = others.range((Excluded(last), Unbounded)).next();
        later.or_else(|| others.first_key_value()).map(|(_, sign)| sign.clone())
    }

    /// Whether all who are there count as many work queues as this process does.
    pub fn agree(&self, work_queues: u16) -> Result<(), String> {
        match self.present().values().find(|it| it.work_queues != work_queues) {
            None => Ok(()),
            Some(other) => Err(format!(
                "this process counts {work_queues} work queues, and the worker {} counts {}; \
                 --work-queues has to be the same everywhere",
                other.worker, other.work_queues
            )),
        }
    }
}

/// The queues of one of these workers: as many for each as for every other, or one more, chosen so
/// that few move when somebody comes or goes (rendezvous hashing with a bound on the load).
pub(crate) fn queues_of(me: Uuid, workers: &BTreeSet<Uuid>, work_queues: u16) -> BTreeSet<u16> {
    let count = u16::try_from(workers.len()).unwrap_or(u16::MAX).max(1);
    let (each, mut extras) = (work_queues / count, work_queues % count);
    let mut loads: BTreeMap<Uuid, u16> = workers.iter().map(|id| (*id, 0)).collect();
    let mut mine = BTreeSet::new();
    for queue in 0..work_queues {
        let room = |load: u16| load < each || (load == each && extras > 0);
        let candidates = loads.iter().filter(|(_, load)| room(**load)).map(|(id, _)| *id);
        let Some(owner) = candidates.max_by_key(|id| (score(*id, queue), *id)) else { continue };
        if let Some(load) = loads.get_mut(&owner) {
            extras -= u16::from(*load == each);
            *load += 1;
        }
        if owner == me {
            mine.insert(queue);
        }
    }
    mine
}

/// How much a queue is drawn to a worker: FNV-1a over both, mixed well.
fn score(worker: Uuid, queue: u16) -> u64 {
    let bytes = worker.into_bytes().into_iter().chain(queue.to_le_bytes());
    let hash = fnv1a_64(bytes);
    let mixed = (hash ^ (hash >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn workers(ids: impl IntoIterator<Item = u128>) -> BTreeSet<Uuid> {
        ids.into_iter().map(id).collect()
    }

    fn sign(worker: u128) -> Heartbeat {
        let version = "1.0.0".to_owned();
        let hears_at = Some(format!("worker.{worker}.0"));
        Heartbeat { worker: id(worker), work_queues: 16, version, leaves: false, hears_at }
    }

    #[test]
    fn every_queue_is_exactly_one_workers() {
        for count in 1..=20 {
            let workers = workers(0..count);
            let mut all: Vec<u16> =
                workers.iter().flat_map(|it| queues_of(*it, &workers, 16)).collect();
            all.sort_unstable();
            assert_eq!(all, (0..16).collect::<Vec<_>>(), "of {count} workers");
        }
    }

    #[test]
    fn no_worker_has_two_more_than_another() {
        for count in 1..=20 {
            let workers = workers(0..count);
            let loads = workers.iter().map(|it| queues_of(*it, &workers, 16).len());
            let (least, most) = (loads.clone().min(), loads.max());
            assert!(most <= least.map(|it| it + 1), "of {count} workers: {least:?} to {most:?}");
        }
    }

    #[test]
    fn a_worker_that_joins_takes_queues_and_moves_few_others() {
        let (before, after) = (workers(0..4), workers(0..5));
        let moved: usize = before
            .iter()
            .map(|it| queues_of(*it, &before, 64).difference(&queues_of(*it, &after, 64)).count())
            .sum();
        assert!(queues_of(id(4), &after, 64).len() >= 12);
        assert!(moved <= 24, "{moved} of 64 queues moved");
    }

    #[test]
    fn who_is_not_there_has_no_queue() {
        assert_eq!(queues_of(id(9), &workers(0..3), 16), BTreeSet::new());
        assert_eq!(queues_of(id(9), &BTreeSet::new(), 16), BTreeSet::new());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_heard_for_long_is_gone() {
        let roster = WorkerRegistry::default();
        assert!(roster.hear(sign(1)), "one more");
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(roster.hear(sign(2)), "one more");
        assert!(!roster.hear(sign(2)), "no more than before");
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(roster.present().into_keys().collect::<Vec<_>>(), [id(2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_goodbye_is_gone_at_once() {
        let roster = WorkerRegistry::default();
        roster.hear(sign(1));
        assert!(roster.hear(Heartbeat { leaves: true, ..sign(1) }), "one less");
        assert!(roster.present().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_missed_on_an_old_connection_and_is_back_on_another_stays() {
        let roster = WorkerRegistry::default();
        let missed = Heartbeat { leaves: true, ..sign(1) };
        roster.hear(Heartbeat { hears_at: Some("worker.1.1".to_owned()), ..sign(1) });
        assert!(!roster.hear(missed.clone()), "no less");
        assert_eq!(roster.present().len(), 1);
        roster.hear(sign(1));
        assert!(roster.hear(missed), "one less");
    }

    #[tokio::test(start_paused = true)]
    async fn an_older_program_says_goodbye_without_a_queue() {
        let roster = WorkerRegistry::default();
        roster.hear(Heartbeat { hears_at: None, ..sign(1) });
        assert!(roster.hear(Heartbeat { hears_at: None, leaves: true, ..sign(1) }), "one less");
    }

    #[tokio::test(start_paused = true)]
    async fn all_others_are_called_on_in_turn() {
        let roster = WorkerRegistry::default();
        let next = |last| roster.next_after(id(last), id(5)).map(|it| it.worker);
        assert_eq!(next(5), None);
        roster.hear(sign(5));
        assert_eq!(next(5), None, "nobody calls on themselves");
        roster.hear(sign(2));
        assert_eq!([next(5), next(2)], [Some(id(2)); 2], "the only one");
        roster.hear(sign(9));
        assert_eq!([next(5), next(9), next(2)], [Some(id(9)), Some(id(2)), Some(id(9))]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_calls_on_a_worker_that_does_not_say_where() {
        let roster = WorkerRegistry::default();
        roster.hear(Heartbeat { hears_at: None, ..sign(2) });
        roster.hear(sign(3));
        assert_eq!(roster.next_after(id(1), id(1)).map(|it| it.worker), Some(id(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_counts_otherwise_is_named() {
        let roster = WorkerRegistry::default();
        assert_eq!(roster.agree(16), Ok(()));
        roster.hear(sign(1));
        assert_eq!(roster.agree(16), Ok(()));
        roster.hear(Heartbeat { work_queues: 8, ..sign(2) });
        let said = roster.agree(16).expect_err("they differ");
        assert!(said.contains("16") && said.contains(&id(2).to_string()), "{said}");
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(roster.agree(16), Ok(()), "it is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_an_end_to_those_who_are_remembered() {
        let roster = WorkerRegistry::default();
        for n in 0..2_000 {
            roster.hear(sign(n));
        }
        assert_eq!(roster.present().len(), WORKERS_MAX);
    }
}
