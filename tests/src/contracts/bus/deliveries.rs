//! Clauses about deliveries: taken, acknowledged, redelivered, dead-lettered.

use std::collections::BTreeSet;
use std::sync::Arc;

use sockbit_application::ports::Delivery;
use tokio::task::JoinSet;

use super::fixtures::{
    MANY, assert_silent, command, number, numbers, parts, send, send_each, take_commands,
    within_deadline,
};
use super::{Bus, WorkerPorts};

async fn take(worker: &WorkerPorts) -> Vec<Delivery> {
    within_deadline("a delivery", worker.work.take(MANY)).await.expect("the bus is open")
}

/// Takes at least `count` commands without acknowledging them.
async fn take_unacknowledged(worker: &WorkerPorts, count: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while numbers(&deliveries).len() < count {
        deliveries.extend(take(worker).await);
    }
    deliveries
}

pub async fn queued_deliveries_are_taken_together(bus: Arc<dyn Bus>) {
    const ATTEMPTS: usize = 50;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for _ in 0..ATTEMPTS {
        send_each(&gateway, 1..=30).await;
        let first = take(&worker).await;
        let is_complete = numbers(&first) == (1..=30).collect::<Vec<_>>();
        let rest = 30 - numbers(&first).len();
        let tags = first.iter().map(|it| it.tag).collect();
        worker.work.acknowledge(tags).await.expect("the bus is available");
        take_commands(&*worker.work, rest).await;
        // Commands that are still in transit are not queued yet, so one attempt may not be enough.
        if is_complete {
            return;
        }
    }
    panic!("the queued commands were never taken together");
}

pub async fn a_worker_takes_no_delivery_beyond_its_limit(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for first in (0..30).step_by(3) {
        send(&gateway, (first..first + 3).map(|n| command(&gateway, 1, n)).collect()).await;
    }
    let mut count = 0;
    while count < 30 {
        let taken =
            within_deadline("a delivery", worker.work.take(7)).await.expect("the bus is open");
        let sizes: Vec<_> = taken.iter().map(|it| it.commands.len()).collect();
        let last = sizes.last().expect("something was taken");
        let all: usize = sizes.iter().sum();
        assert!(all - last < 7, "{sizes:?} were taken although 7 are enough");
        count += all;
    }
}

pub async fn each_command_goes_to_exactly_one_worker(bus: Arc<dyn Bus>) {
    const COMMANDS: usize = 300;
    let gateway = bus.gateway().await;
    let (sender, mut taken_numbers) = tokio::sync::mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for _ in 0..3 {
        let (worker, sender) = (bus.worker().await, sender.clone());
        workers.spawn(async move {
            while let Some(deliveries) = worker.work.take(5).await {
                let tags = deliveries.iter().map(|it| it.tag).collect();
                worker.work.acknowledge(tags).await.expect("the bus is available");
                for number in numbers(&deliveries) {
                    sender.send(number).unwrap_or_default();
                }
            }
        });
    }
    send_each(&gateway, 0..COMMANDS as u64).await;

    let mut taken = BTreeSet::new();
    while taken.len() < COMMANDS {
        let number = within_deadline("a command", taken_numbers.recv()).await.expect("workers run");
        assert!(taken.insert(number), "{number} was delivered to two workers");
    }
    assert_silent("one more command", taken_numbers.recv()).await;
    workers.abort_all();
}

pub async fn unacknowledged_deliveries_of_a_dead_worker_are_redelivered(bus: Arc<dyn Bus>) {
    let (gateway, dead) = (bus.gateway().await, bus.worker().await);
    send_each(&gateway, 1..=5).await;
    take_unacknowledged(&dead, 5).await;
    drop(dead);

    let successor = bus.worker().await;
    let again = take_unacknowledged(&successor, 5).await;

    assert_eq!(numbers(&again), [1, 2, 3, 4, 5]);
    assert!(again.iter().all(|it| it.redeliveries == 1), "{again:?}");
    assert_silent("a command", successor.work.take(MANY)).await;
}

pub async fn a_waiting_worker_receives_redeliveries(bus: Arc<dyn Bus>) {
    let (gateway, a, b) = (bus.gateway().await, bus.worker().await, bus.worker().await);
    send_each(&gateway, [1]).await;
    let a_has_it = tokio::select! {
        _ = take_unacknowledged(&a, 1) => true,
        _ = take_unacknowledged(&b, 1) => false,
    };
    let (dead, successor) = if a_has_it { (a, b) } else { (b, a) };
    let mut pending = Box::pin(take(&successor));
    assert!(futures::poll!(&mut pending).is_pending());

    drop(dead);

    assert_eq!(numbers(&pending.await), [1]);
}

pub async fn a_redelivery_is_unchanged(bus: Arc<dyn Bus>) {
    let (gateway, dead) = (bus.gateway().await, bus.worker().await);
    let batch: Vec<_> = (1..=10).map(|n| command(&gateway, 1, n)).collect();
    send(&gateway, batch.clone()).await;
    take_unacknowledged(&dead, 10).await;
    drop(dead);

    let again = take_unacknowledged(&bus.worker().await, 10).await;

    let commands = again.iter().flat_map(|it| &it.commands);
    assert!(commands.map(parts).eq(batch.iter().map(parts)));
    assert_eq!(again.len(), 1, "one message stays one delivery");
}

pub async fn acknowledged_deliveries_are_not_redelivered(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    send_each(&gateway, 1..=5).await;
    assert_eq!(take_commands(&*worker.work, 5).await.len(), 5);
    drop(worker);
    let other = bus.worker().await;
    assert_silent("a command", other.work.take(MANY)).await;
}

pub async fn each_delivery_is_acknowledged_individually(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    send_each(&gateway, 1..=3).await;
    let deliveries = take_unacknowledged(&worker, 3).await;
    let middle = deliveries.iter().find(|it| it.commands.iter().any(|it| number(it) == 2));
    let tag = middle.expect("command 2 was taken").tag;
    worker.work.acknowledge(vec![tag]).await.expect("the bus is available");
    drop(worker);

    let successor = bus.worker().await;

    assert_eq!(numbers(&take_unacknowledged(&successor, 2).await), [1, 3]);
    assert_silent("a command", successor.work.take(MANY)).await;
}

pub async fn a_cancelled_take_loses_no_delivery(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    assert_silent("a delivery", worker.work.take(MANY)).await;
    send_each(&gateway, 1..=3).await;
    let taken = take_commands(&*worker.work, 3).await;
    assert!(taken.iter().map(number).eq(1..=3));
}

pub async fn a_dead_letter_is_kept_with_its_reason(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for n in 1..=2 {
        let failed = command(&gateway, 1, n);
        worker.work.dead_letter(failed, format!("fault {n}")).await.expect("the bus is available");
    }

    let dead_letters = bus.dead_letters().await;

    let expected = [1, 2].map(|n| command(&gateway, 1, n));
    assert!(dead_letters.iter().map(|(it, _)| parts(it)).eq(expected.iter().map(parts)));
    assert!(dead_letters.iter().map(|(_, reason)| reason).eq(["fault 1", "fault 2"]));
    assert_silent("a dead-lettered command", worker.work.take(MANY)).await;
}
