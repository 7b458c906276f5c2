//! Which worker consumes which work queue, by rendezvous hashing.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_application::fnv::fnv1a_64;
use uuid::Uuid;

/// The queues of one of these workers.
///
/// The loads differ by at most one queue, and few queues move when a worker joins or leaves
/// (rendezvous hashing with bounded loads). All workers compute the same assignment.
pub(crate) fn assigned_queues(
    me: Uuid,
    workers: &BTreeSet<Uuid>,
    work_queues: u16,
) -> BTreeSet<u16> {
    let count = u16::try_from(workers.len()).unwrap_or(u16::MAX).max(1);
    let (each, mut extras) = (work_queues / count, work_queues % count);
    let mut loads: BTreeMap<Uuid, u16> = workers.iter().map(|id| (*id, 0)).collect();
    let mut mine = BTreeSet::new();
    for queue in 0..work_queues {
        let has_capacity = |load: u16| load < each || (load == each && extras > 0);
        let candidates = loads.iter().filter(|(_, load)| has_capacity(**load)).map(|(id, _)| *id);
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

/// The weight of a worker for a queue: FNV-1a of both, mixed.
fn score(worker: Uuid, queue: u16) -> u64 {
    let hash = fnv1a_64(worker.into_bytes().into_iter().chain(queue.to_le_bytes()));
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

    #[test]
    fn every_queue_is_assigned_to_exactly_one_worker() {
        for count in 1..=20 {
            let workers = workers(0..count);
            let mut all: Vec<u16> =
                workers.iter().flat_map(|it| assigned_queues(*it, &workers, 16)).collect();
            all.sort_unstable();
            assert_eq!(all, (0..16).collect::<Vec<_>>(), "of {count} workers");
        }
    }

    #[test]
    fn the_loads_of_workers_differ_by_at_most_one() {
        for count in 1..=20 {
            let workers = workers(0..count);
            let loads = workers.iter().map(|it| assigned_queues(*it, &workers, 16).len());
            let (least, most) = (loads.clone().min(), loads.max());
            assert!(most <= least.map(|it| it + 1), "of {count} workers: {least:?} to {most:?}");
        }
    }

    #[test]
    fn a_worker_that_joins_gets_queues_and_few_others_move() {
        let (before, after) = (workers(0..4), workers(0..5));
        let assigned = |worker, workers| assigned_queues(worker, workers, 64);
        let moved: usize = before
            .iter()
            .map(|it| assigned(*it, &before).difference(&assigned(*it, &after)).count())
            .sum();
        assert!(assigned(id(4), &after).len() >= 12);
        assert!(moved <= 24, "{moved} of 64 queues moved");
    }

    #[test]
    fn an_unknown_worker_is_assigned_no_queue() {
        assert_eq!(assigned_queues(id(9), &workers(0..3), 16), BTreeSet::new());
        assert_eq!(assigned_queues(id(9), &BTreeSet::new(), 16), BTreeSet::new());
    }
}
