//! A worker holds on to what it took until it is through, and lets go of it only then.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use mockall::Sequence;
use sockbit_domain::{Limits, MessageId, Timestamp};
use tokio::time::Instant;

use super::*;
use crate::core::CorePorts;
use crate::envelope::{CoreQuery, CoreReply};
use crate::ports::{
    Clock, CommitResult, DeliveryTag, Ids, LoadRequest, LoadedBoard, MockAnnouncer, MockQueryQueue,
    MockStore, MockWorkQueue, StoreError, Unavailable,
};
use crate::testing::{CountingIds, FixedClock, NOW, board, board_id, found, message_id, new_note};

struct Ports {
    store: MockStore,
    announcer: MockAnnouncer,
    work: MockWorkQueue,
    queries: MockQueryQueue,
}

impl Ports {
    fn new() -> Self {
        Self {
            store: MockStore::new(),
            announcer: MockAnnouncer::new(),
            work: MockWorkQueue::new(),
            queries: MockQueryQueue::new(),
        }
    }

    /// Everything works and nobody asks.
    fn willing() -> Self {
        let mut ports = Self::new();
        ports.store.expect_load().returning(load);
        ports
            .store
            .expect_commit()
            .returning(|changes| Ok(vec![CommitResult::Done; changes.len()]));
        ports.announcer.expect_announce().returning(|_| Ok(()));
        ports.announcer.expect_send_outcomes().returning(|_| Ok(()));
        ports.queries.expect_next().returning(|| None);
        ports
    }

    /// The bus brings these, and is closed then.
    fn takes(&mut self, deliveries: Vec<Delivery>) {
        self.work.expect_take().times(1).return_once(|_| Some(deliveries));
        self.work.expect_take().times(1).returning(|_| None);
    }

    /// Every answer from here on: to which message, and whether with an outcome.
    fn hears_answers(&mut self) -> Arc<Mutex<Vec<(MessageId, bool)>>> {
        let answers = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&answers);
        self.announcer.expect_send_outcomes().returning(move |batch| {
            let told = batch.into_iter().map(|it| (it.message, it.outcome.is_some()));
            heard.lock().expect("no test panics here").extend(told);
            Ok(())
        });
        answers
    }

    fn worker(self) -> Worker {
        self.worker_with(CountingIds::default(), FixedClock)
    }

    fn worker_with(self, ids: impl Ids + 'static, clock: impl Clock + 'static) -> Worker {
        let ports = CorePorts {
            store: Arc::new(self.store),
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

#[expect(clippy::unnecessary_wraps, reason = "it answers as the port does")]
fn load(wanted: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
    Ok(wanted.iter().map(|_| found(board(1, 10))).collect())
}

fn away() -> StoreError {
    StoreError::Unavailable("away".to_owned())
}

fn delivery(tag: u64, redeliveries: u32, messages: &[u64]) -> Delivery {
    let commands = messages.iter().map(|message| new_note(1, *message)).collect();
    Delivery { tag: delivery_tag(tag), redeliveries, commands }
}

fn delivery_tag(tag: u64) -> DeliveryTag {
    DeliveryTag { queue: 0, tag }
}

#[tokio::test]
async fn a_delivery_is_acknowledged_after_commit_announcement_and_answers() {
    let mut order = Sequence::new();
    let mut ports = Ports::new();
    ports.queries.expect_next().returning(|| None);
    ports
        .work
        .expect_take()
        .times(1)
        .in_sequence(&mut order)
        .return_once(|_| Some(vec![delivery(7, 0, &[1])]));
    ports.store.expect_load().times(1).in_sequence(&mut order).returning(load);
    ports
        .store
        .expect_commit()
        .times(1)
        .in_sequence(&mut order)
        .returning(|changes| Ok(vec![CommitResult::Done; changes.len()]));
    ports.announcer.expect_announce().times(1).in_sequence(&mut order).returning(|_| Ok(()));
    ports.announcer.expect_send_outcomes().times(1).in_sequence(&mut order).returning(|_| Ok(()));
    ports
        .work
        .expect_acknowledge()
        .times(1)
        .in_sequence(&mut order)
        .withf(|tags| tags == &[delivery_tag(7)])
        .returning(|_| Ok(()));
    ports.work.expect_take().times(1).in_sequence(&mut order).returning(|_| None);

    ports.worker().run().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_a_batch_is_held_and_tried_with_growing_pauses() {
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&attempts);
    let mut ports = Ports::willing();
    ports.takes(vec![delivery(1, 0, &[1])]);
    ports.store = MockStore::new();
    ports.store.expect_load().times(9).returning(move |wanted| {
        let mut seen = seen.lock().expect("no test panics here");
        seen.push(Instant::now());
        if seen.len() < 9 { Err(away()) } else { load(wanted) }
    });
    ports.store.expect_check().returning(|| Err(away()));
    ports.store.expect_commit().times(1).returning(|_| Ok(vec![CommitResult::Done]));
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    ports.worker().run().await;

    let attempts = attempts.lock().expect("no test panics here");
    let pauses = attempts.iter().zip(attempts.iter().skip(1)).map(|(a, b)| (*b - *a).as_millis());
    assert_eq!(pauses.collect::<Vec<_>>(), [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
}

/// A store that is well, but for board 2.
fn store_that_cannot_read_board_2() -> MockStore {
    let mut store = MockStore::new();
    store.expect_load().returning(|wanted| {
        if wanted.iter().any(|it| it.board == board_id(2)) { Err(away()) } else { load(wanted) }
    });
    store.expect_commit().returning(|changes| Ok(vec![CommitResult::Done; changes.len()]));
    store.expect_check().returning(|| Ok(()));
    store
}

#[tokio::test(start_paused = true)]
async fn a_board_that_cannot_be_read_holds_up_nobody_else() {
    let mut ports = Ports::willing();
    ports.store = store_that_cannot_read_board_2();
    ports.announcer = MockAnnouncer::new();
    ports.announcer.expect_announce().returning(|_| Ok(()));
    let answers = ports.hears_answers();
    let commands = vec![new_note(1, 1), new_note(2, 2), new_note(3, 3)];
    ports.takes(vec![Delivery { tag: delivery_tag(1), redeliveries: 0, commands }]);
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    ports.worker().run().await;

    let answers = answers.lock().expect("no test panics here");
    let expected = [(1, true), (2, false), (3, true)];
    assert_eq!(*answers, expected.map(|(message, saved)| (message_id(message), saved)));
}

/// Panics when it is asked for the first times.
struct BrokenClock(AtomicUsize);

impl Clock for BrokenClock {
    fn now(&self) -> Timestamp {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        assert!(left.is_err(), "no time left");
        NOW
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_on_which_the_core_panics_goes_back_and_holds_up_nobody_else() {
    let mut ports = Ports::willing();
    ports.announcer = MockAnnouncer::new();
    ports.announcer.expect_announce().returning(|_| Ok(()));
    let answers = ports.hears_answers();
    ports.takes(vec![delivery(1, 0, &[1, 2])]);
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    // Twice together, and once alone.
    ports.worker_with(CountingIds::default(), BrokenClock(AtomicUsize::new(3))).run().await;

    let answers = answers.lock().expect("no test panics here");
    assert_eq!(*answers, [(message_id(1), false), (message_id(2), true)]);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_cannot_be_handed_back_is_held() {
    let mut ports = Ports::willing();
    ports.store = store_that_cannot_read_board_2();
    ports.announcer = MockAnnouncer::new();
    let no_bus = || Err(Unavailable("no bus".to_owned()));
    ports.announcer.expect_send_outcomes().times(3).returning(move |_| no_bus());
    ports.announcer.expect_send_outcomes().times(1).returning(|_| Ok(()));
    let commands = vec![new_note(2, 2)];
    ports.takes(vec![Delivery { tag: delivery_tag(1), redeliveries: 0, commands }]);
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    ports.worker().run().await;
}

#[tokio::test(start_paused = true)]
async fn while_nothing_can_be_announced_a_batch_is_held_and_not_acknowledged() {
    let mut order = Sequence::new();
    let mut ports = Ports::willing();
    ports.takes(vec![delivery(1, 0, &[1])]);
    ports.announcer = MockAnnouncer::new();
    let no_bus = || Err(Unavailable("no bus".to_owned()));
    ports.announcer.expect_announce().times(2).in_sequence(&mut order).returning(move |_| no_bus());
    ports.announcer.expect_announce().times(1).in_sequence(&mut order).returning(|_| Ok(()));
    ports.announcer.expect_send_outcomes().times(1).in_sequence(&mut order).returning(|_| Ok(()));
    ports.work.expect_acknowledge().times(1).in_sequence(&mut order).returning(|_| Ok(()));

    ports.worker().run().await;
}

/// The batches that a worker makes of these, and which deliveries it acknowledges together.
async fn worked_off(deliveries: Vec<Delivery>) -> (Vec<Vec<u64>>, Vec<Vec<u64>>) {
    let (batches, acknowledged) =
        (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (loaded, recorded) = (Arc::clone(&batches), Arc::clone(&acknowledged));
    let mut ports = Ports::willing();
    ports.store = MockStore::new();
    ports.store.expect_load().returning(move |wanted| {
        let messages = wanted.iter().flat_map(|it| it.messages.iter().map(|(_, message)| *message));
        let numbers = messages.map(|it| (1..10).find(|number| message_id(*number) == it));
        loaded.lock().expect("no test panics here").push(numbers.flatten().collect());
        load(wanted)
    });
    ports.store.expect_commit().returning(|changes| Ok(vec![CommitResult::Done; changes.len()]));
    ports.work.expect_acknowledge().returning(move |tags| {
        let numbers = tags.iter().map(|it| it.tag).collect();
        recorded.lock().expect("no test panics here").push(numbers);
        Ok(())
    });
    ports.takes(deliveries);
    ports.worker().run().await;
    let taken = |it: &Mutex<Vec<Vec<u64>>>| it.lock().expect("no test panics here").clone();
    (taken(&batches), taken(&acknowledged))
}

#[tokio::test]
async fn what_is_new_goes_together_and_what_was_delivered_before_one_by_one_behind_it() {
    let deliveries = vec![delivery(1, 1, &[1, 2]), delivery(2, 0, &[3, 4]), delivery(3, 0, &[5])];

    let (batches, acknowledged) = worked_off(deliveries).await;

    assert_eq!(batches, [vec![3, 4, 5], vec![1], vec![2]]);
    assert_eq!(acknowledged, [vec![2, 3], vec![1]]);
}

#[tokio::test]
async fn each_time_that_a_worker_dies_the_next_one_begins_at_the_other_end() {
    for (redeliveries, order) in [(1, [1, 2, 3]), (2, [3, 2, 1]), (3, [1, 2, 3])] {
        let deliveries = [1, 2, 3].map(|it| delivery(it, redeliveries, &[it])).to_vec();
        let (_, acknowledged) = worked_off(deliveries).await;
        assert_eq!(acknowledged.concat(), order, "after {redeliveries}");
    }
}

#[tokio::test]
async fn a_command_that_failed_is_buried_before_its_delivery_is_acknowledged() {
    let mut order = Sequence::new();
    let mut ports = Ports::willing();
    ports.takes(vec![delivery(1, 0, &[1, 2])]);
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
async fn a_delivery_is_held_until_what_failed_is_set_aside() {
    let mut order = Sequence::new();
    let mut ports = Ports::willing();
    ports.takes(vec![delivery(1, 0, &[1])]);
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
async fn a_worker_goes_on_when_nothing_can_be_acknowledged() {
    let mut ports = Ports::willing();
    for tag in [1, 2] {
        let brings = move |_| Some(vec![delivery(tag, 0, &[tag])]);
        ports.work.expect_take().times(1).return_once(brings);
    }
    ports.work.expect_take().times(1).returning(|_| None);
    let no_bus = || Err(Unavailable("no bus".to_owned()));
    ports.work.expect_acknowledge().times(2).returning(move |_| no_bus());

    ports.worker().run().await;
}

#[tokio::test]
async fn a_delivery_without_commands_is_acknowledged() {
    let mut ports = Ports::willing();
    ports.takes(vec![delivery(1, 0, &[])]);
    ports.work.expect_acknowledge().times(1).returning(|_| Ok(()));

    ports.worker().run().await;
}

#[tokio::test(start_paused = true)]
async fn questions_are_answered_while_a_batch_is_held() {
    let mut ports = Ports::willing();
    ports.store = MockStore::new();
    ports.store.expect_load().returning(|_| Err(away()));
    ports.store.expect_check().returning(|| Err(away()));
    ports.store.expect_heads().returning(|_| Ok(Vec::new()));
    ports.work.expect_take().times(1).return_once(|_| Some(vec![delivery(1, 0, &[1])]));
    let (reply, answer) = tokio::sync::oneshot::channel();
    let query = CoreQuery::Heads { boards: vec![board_id(1)] };
    let reply = Box::new(move |it| drop(reply.send(it)));
    ports.queries = MockQueryQueue::new();
    ports.queries.expect_next().times(1).return_once(|| Some(ReceivedQuery { query, reply }));
    ports.queries.expect_next().returning(|| None);
    let worker = ports.worker();

    let answer = tokio::select! {
        answer = answer => answer,
        () = worker.run() => panic!("the batch is never through"),
    };

    assert_eq!(answer, Ok(CoreReply::Heads(Vec::new())));
}

#[tokio::test]
async fn no_more_questions_are_taken_than_may_be_answered_at_once() {
    const QUESTIONS: usize = QUESTIONS_MAX * 10;
    let (taken, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let answered = Arc::new(AtomicUsize::new(0));
    let mut ports = Ports::willing();
    ports.work.expect_take().returning(|_| None);
    ports.store.expect_heads().returning(|_| Ok(Vec::new()));
    ports.queries = MockQueryQueue::new();
    let (open, most_open, done) = (Arc::clone(&taken), Arc::clone(&most), Arc::clone(&answered));
    ports.queries.expect_next().returning(move || {
        let (open, most_open, done) =
            (Arc::clone(&open), Arc::clone(&most_open), Arc::clone(&done));
        let number = open.fetch_add(1, Ordering::Relaxed);
        let reply = Box::new(move |_| {
            let waiting = open.load(Ordering::Relaxed) - done.fetch_add(1, Ordering::Relaxed);
            most_open.fetch_max(waiting, Ordering::Relaxed);
        });
        let query = CoreQuery::Heads { boards: Vec::new() };
        (number < QUESTIONS).then_some(ReceivedQuery { query, reply })
    });

    ports.worker().run().await;
    while answered.load(Ordering::Relaxed) < QUESTIONS {
        tokio::task::yield_now().await;
    }

    // One more is in the hand of whoever waits for a place.
    assert!(most.load(Ordering::Relaxed) <= QUESTIONS_MAX + 1, "{most:?}");
}
