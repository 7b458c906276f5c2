//! A worker retries what it took until it is processed, and acknowledges it only then.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use mockall::Sequence;
use sockbit_domain::{Limits, MessageId, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::bus_messages::{CoreQuery, CoreReply};
use crate::core::CorePorts;
use crate::ports::{
    Clock, CommitResult, Delivery, DeliveryTag, Ids, LoadRequest, LoadedBoard, MockAnnouncer,
    MockDecisionStore, MockQueryQueue, MockReadStore, MockStoreHealth, MockWorkQueue, StoreError,
    Unavailable, ready_confirm,
};
use crate::test_fixtures::{
    CountingIds, FixedClock, NOW, board, board_id, found, message_id, new_note,
};

struct Ports {
    decisions: MockDecisionStore,
    reads: MockReadStore,
    health: MockStoreHealth,
    announcer: MockAnnouncer,
    work: MockWorkQueue,
    queries: MockQueryQueue,
}

impl Ports {
    fn new() -> Self {
        Self {
            decisions: MockDecisionStore::new(),
            reads: MockReadStore::new(),
            health: MockStoreHealth::new(),
            announcer: MockAnnouncer::new(),
            work: MockWorkQueue::new(),
            queries: MockQueryQueue::new(),
        }
    }

    /// Ports that accept everything, without queries.
    fn accepting() -> Self {
        let mut ports = Self::new();
        ports.decisions.expect_load().returning(load);
        ports
            .decisions
            .expect_commit()
            .returning(|changes| Ok(vec![CommitResult::Done; changes.len()]));
        ports.announcer.expect_publish().returning(|_, _| ready_confirm(Ok(())));
        ports.queries.expect_next().returning(|| None);
        ports
    }

    /// The bus delivers these and is closed then.
    fn delivers(&mut self, deliveries: Vec<Delivery>) {
        self.work.expect_take().times(1).return_once(|_| Some(deliveries));
        self.work.expect_take().times(1).returning(|_| None);
    }

    /// Records for each outcome that is sent its message, and whether it is not `again`.
    fn record_outcomes(&mut self) -> Arc<Mutex<Vec<(MessageId, bool)>>> {
        let sent = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&sent);
        self.announcer.expect_publish().returning(move |_, outcomes| {
            let batch = outcomes.into_iter().map(|it| (it.message, it.outcome.is_some()));
            recorded.lock().expect("the lock is not poisoned").extend(batch);
            ready_confirm(Ok(()))
        });
        sent
    }

    fn worker(self) -> Worker {
        self.worker_with(CountingIds::default(), FixedClock)
    }

    fn worker_with(self, ids: impl Ids + 'static, clock: impl Clock + 'static) -> Worker {
        let ports = CorePorts {
            decisions: Arc::new(self.decisions),
            reads: Arc::new(self.reads),
            health: Arc::new(self.health),
            announcer: Arc::new(self.announcer),
            clock: Arc::new(clock),
            ids: Arc::new(ids),
        };
        let core = Arc::new(Core::new(ports, Limits::default()));
        Worker::new(core, Arc::new(self.work), Arc::new(self.queries))
    }
}

struct NoRandomness;

impl Ids for NoRandomness {
    fn mint(&self) -> uuid::Uuid {
        panic!("no randomness left")
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it has the signature of the port")]
fn load(requests: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
    Ok(requests.iter().map(|_| found(board(1, 10))).collect())
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("test".to_owned())
}

fn delivery(tag: u64, redeliveries: u32, messages: &[u64]) -> Delivery {
    let commands = messages.iter().map(|message| new_note(1, *message)).collect();
    Delivery { tag: delivery_tag(tag), redeliveries, commands }
}

fn of_queue(queue: u64, delivery: Delivery) -> Delivery {
    Delivery { tag: DeliveryTag { queue, ..delivery.tag }, ..delivery }
}

fn delivery_tag(tag: u64) -> DeliveryTag {
    DeliveryTag { queue: 0, tag }
}

#[tokio::test]
async fn a_delivery_is_acknowledged_after_commit_announcement_and_outcomes() {
    let mut order = Sequence::new();
    let mut ports = Ports::new();
    ports.queries.expect_next().returning(|| None);
    ports.delivers(vec![delivery(7, 0, &[1])]);
    ports.decisions.expect_load().times(1).in_sequence(&mut order).returning(load);
    ports
        .decisions
        .expect_commit()
        .times(1)
        .in_sequence(&mut order)
        .returning(|changes| Ok(vec![CommitResult::Done; changes.len()]));
    ports
        .announcer
        .expect_publish()
        .times(1)
        .in_sequence(&mut order)
        .returning(|_, _| ready_confirm(Ok(())));
    ports
        .work
        .expect_acknowledge()
        .times(1)
        .in_sequence(&mut order)
        .withf(|tags| tags == &[delivery_tag(7)])
        .returning(|_| Ok(()));

    ports.worker().run().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_unavailable_a_batch_is_retried_with_growing_delays() {
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&attempts);
    let mut ports = Ports::accepting();
    ports.delivers(vec![delivery(1, 0, &[1])]);
    ports.decisions = MockDecisionStore::new();
    ports.decisions.expect_load().times(9).returning(move |requests| {
        let mut seen = seen.lock().expect("the lock is not poisoned");
        seen.push(Instant::now());
        if seen.len() < 9 { Err(unavailable()) } else { load(requests) }
    });
    ports.health.expect_check().returning(|| Err(unavailable()));
    ports.decisions.expect_commit().times(1).returning(|_| Ok(vec![CommitResult::Done]));
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    ports.worker().run().await;

    let attempts = attempts.lock().expect("the lock is not poisoned");
    let pauses = attempts.iter().zip(attempts.iter().skip(1)).map(|(a, b)| (*b - *a).as_millis());
    assert_eq!(pauses.collect::<Vec<_>>(), [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
}

/// A healthy store that cannot read board 2.
fn store_that_cannot_read_board_2() -> MockDecisionStore {
    let mut store = MockDecisionStore::new();
    store.expect_load().returning(|requests| {
        if requests.iter().any(|it| it.board == board_id(2)) {
            Err(unavailable())
        } else {
            load(requests)
        }
    });
    store.expect_commit().returning(|changes| Ok(vec![CommitResult::Done; changes.len()]));
    store
}

#[tokio::test(start_paused = true)]
async fn a_board_that_cannot_be_read_does_not_block_others() {
    let mut ports = Ports::accepting();
    ports.decisions = store_that_cannot_read_board_2();
    ports.health.expect_check().returning(|| Ok(()));
    ports.announcer = MockAnnouncer::new();
    let outcomes = ports.record_outcomes();
    let commands = vec![new_note(1, 1), new_note(2, 2), new_note(3, 3)];
    ports.delivers(vec![Delivery { tag: delivery_tag(1), redeliveries: 0, commands }]);
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    ports.worker().run().await;

    let outcomes = outcomes.lock().expect("the lock is not poisoned");
    let expected = [(1, true), (2, false), (3, true)];
    assert_eq!(*outcomes, expected.map(|(message, saved)| (message_id(message), saved)));
}

/// Panics the first times that it is read.
struct BrokenClock(AtomicUsize);

impl Clock for BrokenClock {
    fn now(&self) -> Timestamp {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        assert!(left.is_err(), "no time left");
        NOW
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_on_which_the_core_panics_goes_back_to_its_sender_and_does_not_block_others() {
    let mut ports = Ports::accepting();
    ports.announcer = MockAnnouncer::new();
    let outcomes = ports.record_outcomes();
    ports.delivers(vec![delivery(1, 0, &[1, 2])]);
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    // Twice in the batch, and once alone.
    ports.worker_with(CountingIds::default(), BrokenClock(AtomicUsize::new(3))).run().await;

    let outcomes = outcomes.lock().expect("the lock is not poisoned");
    assert_eq!(*outcomes, [(message_id(1), false), (message_id(2), true)]);
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_sender_cannot_be_asked_to_resend_is_retried() {
    let mut ports = Ports::accepting();
    ports.decisions = store_that_cannot_read_board_2();
    ports.health.expect_check().returning(|| Ok(()));
    ports.announcer = MockAnnouncer::new();
    let no_bus = || Err(Unavailable("no bus".to_owned()));
    ports.announcer.expect_publish().times(3).returning(move |_, _| ready_confirm(no_bus()));
    ports.announcer.expect_publish().times(1).returning(|_, _| ready_confirm(Ok(())));
    let commands = vec![new_note(2, 2)];
    ports.delivers(vec![Delivery { tag: delivery_tag(1), redeliveries: 0, commands }]);
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    ports.worker().run().await;
}

/// A store for one command. It refuses each repeat once, so that it is decided on what is loaded.
fn store_that_refuses_repeats() -> MockDecisionStore {
    let commits = AtomicUsize::new(0);
    let mut store = MockDecisionStore::new();
    store.expect_load().returning(load);
    store.expect_commit().returning(move |_| {
        let is_repeat = commits.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        Ok(vec![if is_repeat { CommitResult::Conflict } else { CommitResult::Done }])
    });
    store
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_cannot_be_announced_is_retried_and_not_acknowledged() {
    let mut order = Sequence::new();
    let mut ports = Ports::accepting();
    ports.delivers(vec![delivery(1, 0, &[1])]);
    ports.decisions = store_that_refuses_repeats();
    ports.announcer = MockAnnouncer::new();
    let mut announced = |ports: &mut Ports, times, is_confirmed| {
        let result = if is_confirmed { Ok(()) } else { Err(Unavailable("no bus".to_owned())) };
        let publish = ports.announcer.expect_publish().times(times).in_sequence(&mut order);
        publish.returning(move |_, _| ready_confirm(result.clone()));
    };
    announced(&mut ports, 2, false);
    announced(&mut ports, 1, true);
    ports.work.expect_acknowledge().times(1).in_sequence(&mut order).returning(|_| Ok(()));

    ports.worker().run().await;
}

#[tokio::test(start_paused = true)]
async fn the_next_batch_does_not_wait_until_the_bus_confirms_this_one() {
    let mut ports = Ports::accepting();
    let is_confirmed = Arc::new(Notify::new());
    let confirm = Arc::clone(&is_confirmed);
    ports.announcer = MockAnnouncer::new();
    ports.announcer.expect_publish().times(1).return_once(move |_, _| {
        Box::pin(async move {
            is_confirmed.notified().await;
            Ok(())
        })
    });
    ports.announcer.expect_publish().times(1).returning(move |_, _| {
        confirm.notify_one();
        ready_confirm(Ok(()))
    });
    let full_batch: Vec<u64> = (1..=512).collect();
    ports.work.expect_take().times(1).return_once(move |_| Some(vec![delivery(1, 0, &full_batch)]));
    ports.delivers(vec![delivery(2, 0, &[600])]);
    ports.work.expect_acknowledge().times(2).returning(|_| Ok(()));

    ports.worker().run().await;
}

/// The batches that a worker makes of these deliveries, and the tags that it acknowledges together.
async fn batches_and_acks(deliveries: Vec<Delivery>) -> (Vec<Vec<u64>>, Vec<Vec<u64>>) {
    let (batches, acknowledged) =
        (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (loaded, recorded) = (Arc::clone(&batches), Arc::clone(&acknowledged));
    let mut ports = Ports::accepting();
    ports.announcer = MockAnnouncer::new();
    ports.announcer.expect_publish().returning(|_, _| {
        Box::pin(async {
            tokio::task::yield_now().await;
            Ok(())
        })
    });
    ports.decisions = MockDecisionStore::new();
    ports.decisions.expect_load().returning(move |requests| {
        let messages =
            requests.iter().flat_map(|it| it.messages.iter().map(|(_, message)| *message));
        let numbers = messages.map(|it| (1..10).find(|number| message_id(*number) == it));
        loaded.lock().expect("the lock is not poisoned").push(numbers.flatten().collect());
        load(requests)
    });
    ports
        .decisions
        .expect_commit()
        .returning(|changes| Ok(vec![CommitResult::Done; changes.len()]));
    ports.work.expect_acknowledge().returning(move |tags| {
        let numbers = tags.iter().map(|it| it.tag).collect();
        recorded.lock().expect("the lock is not poisoned").push(numbers);
        Ok(())
    });
    ports.delivers(deliveries);
    ports.worker().run().await;
    let taken = |it: &Mutex<Vec<Vec<u64>>>| it.lock().expect("the lock is not poisoned").clone();
    (taken(&batches), taken(&acknowledged))
}

#[tokio::test]
async fn new_deliveries_form_one_batch_and_redelivered_commands_follow_one_by_one() {
    let deliveries = vec![delivery(1, 1, &[1, 2]), delivery(2, 0, &[3, 4]), delivery(3, 0, &[5])];

    let (batches, acknowledged) = batches_and_acks(deliveries).await;

    assert_eq!(batches, [vec![3, 4, 5], vec![1], vec![2]]);
    let together: BTreeSet<_> = acknowledged.into_iter().collect();
    assert_eq!(together, BTreeSet::from([vec![2, 3], vec![1]]));
}

#[tokio::test]
async fn new_deliveries_of_all_work_queues_form_one_batch() {
    let deliveries = (1..=3).map(|queue| of_queue(queue, delivery(queue, 0, &[queue]))).collect();

    let (batches, _) = batches_and_acks(deliveries).await;

    assert_eq!(batches, [vec![1, 2, 3]]);
}

#[tokio::test]
async fn redelivered_commands_of_one_work_queue_do_not_delay_the_others() {
    let redelivered = of_queue(1, delivery(1, 1, &[1, 2]));
    let new = of_queue(2, delivery(2, 0, &[3]));

    let (batches, _) = batches_and_acks(vec![redelivered, new]).await;

    let third = batches.iter().position(|it| *it == [3]);
    assert!(third < batches.iter().position(|it| *it == [2]), "{batches:?}");
}

#[tokio::test]
async fn commands_that_arrive_while_two_batches_are_processed_form_the_next_one() {
    let mut ports = Ports::accepting();
    let batches = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&batches);
    ports.announcer = MockAnnouncer::new();
    ports.announcer.expect_publish().returning(move |_, outcomes| {
        recorded.lock().expect("the lock is not poisoned").push(outcomes.len());
        ready_confirm(Ok(()))
    });
    for queue in 1..=3 {
        let deliveries = vec![of_queue(queue, delivery(queue, 0, &[queue]))];
        ports.work.expect_take().times(1).return_once(move |_| Some(deliveries));
    }
    ports.delivers(vec![of_queue(1, delivery(4, 0, &[4]))]);
    ports.work.expect_acknowledge().times(3).returning(|_| Ok(()));

    ports.worker().run().await;

    assert_eq!(*batches.lock().expect("the lock is not poisoned"), [1, 1, 2]);
}

#[tokio::test]
async fn the_order_of_redeliveries_is_reversed_after_each_crash() {
    for (redeliveries, order) in [(1, [1, 2, 3]), (2, [3, 2, 1]), (3, [1, 2, 3])] {
        let deliveries = [1, 2, 3].map(|it| delivery(it, redeliveries, &[it])).to_vec();
        let (_, acknowledged) = batches_and_acks(deliveries).await;
        assert_eq!(acknowledged.concat(), order, "after {redeliveries}");
    }
}

#[tokio::test]
async fn a_failed_command_is_dead_lettered_before_its_delivery_is_acknowledged() {
    let mut order = Sequence::new();
    let mut ports = Ports::accepting();
    ports.delivers(vec![delivery(1, 0, &[1, 2])]);
    ports
        .work
        .expect_dead_letter()
        .times(1)
        .in_sequence(&mut order)
        .withf(|command, reason| {
            command.message == message_id(2) && reason.contains("no randomness left")
        })
        .returning(|_, _| Ok(()));
    ports.work.expect_acknowledge().times(1).in_sequence(&mut order).returning(|_| Ok(()));

    ports.worker_with(CountingIds::that_panic_at(3), FixedClock).run().await;
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_not_acknowledged_until_its_failed_command_is_dead_lettered() {
    let mut order = Sequence::new();
    let mut ports = Ports::accepting();
    ports.delivers(vec![delivery(1, 0, &[1])]);
    let no_bus = || Err(Unavailable("no bus".to_owned()));
    ports
        .work
        .expect_dead_letter()
        .times(3)
        .in_sequence(&mut order)
        .returning(move |_, _| no_bus());
    ports.work.expect_dead_letter().times(1).in_sequence(&mut order).returning(|_, _| Ok(()));
    ports.work.expect_acknowledge().times(1).in_sequence(&mut order).returning(|_| Ok(()));

    ports.worker_with(NoRandomness, FixedClock).run().await;
}

#[tokio::test]
async fn a_worker_continues_after_a_failed_acknowledgement() {
    let mut ports = Ports::accepting();
    // Redelivered, so that each has a batch of its own.
    ports.delivers(vec![delivery(1, 1, &[1]), delivery(2, 1, &[2])]);
    let no_bus = || Err(Unavailable("no bus".to_owned()));
    ports.work.expect_acknowledge().times(2).returning(move |_| no_bus());

    ports.worker().run().await;
}

#[tokio::test]
async fn a_delivery_without_commands_is_acknowledged() {
    let mut ports = Ports::accepting();
    ports.delivers(vec![delivery(1, 0, &[])]);
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    ports.worker().run().await;
}

#[tokio::test(start_paused = true)]
async fn queries_are_answered_while_a_batch_is_retried() {
    let mut ports = Ports::accepting();
    ports.decisions = MockDecisionStore::new();
    ports.decisions.expect_load().returning(|_| Err(unavailable()));
    ports.health.expect_check().returning(|| Err(unavailable()));
    ports.reads.expect_heads().returning(|_| Ok(Vec::new()));
    ports.delivers(vec![delivery(1, 0, &[1])]);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let query = CoreQuery::Heads { boards: vec![board_id(1)] };
    let reply = Box::new(move |it| drop(sender.send(it)));
    ports.queries = MockQueryQueue::new();
    ports.queries.expect_next().times(1).return_once(|| Some(ReceivedQuery { query, reply }));
    ports.queries.expect_next().returning(|| None);
    let worker = ports.worker();

    let reply = tokio::select! {
        reply = receiver => reply,
        () = worker.run() => panic!("the batch cannot be processed"),
    };

    assert_eq!(reply, Ok(CoreReply::Heads(Vec::new())));
}

#[tokio::test]
async fn the_number_of_concurrent_queries_is_bounded() {
    const QUERIES: usize = CONCURRENT_QUERIES_MAX * 10;
    let (taken, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let answered = Arc::new(AtomicUsize::new(0));
    let mut ports = Ports::accepting();
    ports.work.expect_take().returning(|_| None);
    ports.reads.expect_heads().returning(|_| Ok(Vec::new()));
    ports.queries = MockQueryQueue::new();
    let (open, most_open, done) = (Arc::clone(&taken), Arc::clone(&most), Arc::clone(&answered));
    ports.queries.expect_next().returning(move || {
        let (open, most_open, done) =
            (Arc::clone(&open), Arc::clone(&most_open), Arc::clone(&done));
        let number = open.fetch_add(1, Ordering::Relaxed);
        let reply = Box::new(move |_| {
            let pending = open.load(Ordering::Relaxed) - done.fetch_add(1, Ordering::Relaxed);
            most_open.fetch_max(pending, Ordering::Relaxed);
        });
        let query = CoreQuery::Heads { boards: Vec::new() };
        (number < QUERIES).then_some(ReceivedQuery { query, reply })
    });

    ports.worker().run().await;
    while answered.load(Ordering::Relaxed) < QUERIES {
        tokio::task::yield_now().await;
    }

    // One more has been taken and waits for a permit.
    assert!(most.load(Ordering::Relaxed) <= CONCURRENT_QUERIES_MAX + 1, "{most:?}");
}
