//! Deliveries: taken, acknowledged, or taken again by another worker.

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

/// Takes until so many commands have come, and acknowledges none.
async fn hold(worker: &WorkerPorts, count: usize) -> Vec<Delivery> {
    let mut held = Vec::new();
    while numbers(&held).len() < count {
        held.extend(take(worker).await);
    }
    held
}

pub async fn what_waits_is_taken_at_one_go(bus: Arc<dyn Bus>) {
    const ATTEMPTS: usize = 50;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for _ in 0..ATTEMPTS {
        send_each(&gateway, 1..=30).await;
        let first = take(&worker).await;
        let came_at_once = numbers(&first) == (1..=30).collect::<Vec<_>>();
        let rest = 30 - numbers(&first).len();
        let tags = first.iter().map(|it| it.tag).collect();
        worker.work.acknowledge(tags).await.expect("the bus is there");
        take_commands(&*worker.work, rest).await;
        // What is still on its way to a worker does not wait for it yet.
        if came_at_once {
            return;
        }
    }
    panic!("what waited was never taken at one go");
}

pub async fn no_more_is_taken_once_there_is_enough(bus: Arc<dyn Bus>) {
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
        assert!(all - last < 7, "{sizes:?} were taken where 7 are enough");
        count += all;
    }
}

pub async fn each_command_goes_to_one_of_many_workers(bus: Arc<dyn Bus>) {
    const COMMANDS: usize = 300;
    let gateway = bus.gateway().await;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut working = JoinSet::new();
    for _ in 0..3 {
        let (worker, tell) = (bus.worker().await, tell.clone());
        working.spawn(async move {
            while let Some(deliveries) = worker.work.take(5).await {
                let tags = deliveries.iter().map(|it| it.tag).collect();
                worker.work.acknowledge(tags).await.expect("the bus is there");
                for number in numbers(&deliveries) {
                    tell.send(number).unwrap_or_default();
                }
            }
        });
    }
    send_each(&gateway, 0..COMMANDS as u64).await;

    let mut taken = BTreeSet::new();
    while taken.len() < COMMANDS {
        let number = within_deadline("a command", told.recv()).await.expect("the workers work");
        assert!(taken.insert(number), "{number} came to two workers");
    }
    assert_silent("one more", told.recv()).await;
    working.abort_all();
}

pub async fn what_was_not_acknowledged_comes_again_when_its_worker_goes(bus: Arc<dyn Bus>) {
    let (gateway, dying) = (bus.gateway().await, bus.worker().await);
    send_each(&gateway, 1..=5).await;
    hold(&dying, 5).await;
    drop(dying);

    let heir = bus.worker().await;
    let again = hold(&heir, 5).await;

    assert_eq!(numbers(&again), [1, 2, 3, 4, 5]);
    assert!(again.iter().all(|it| it.redeliveries == 1), "{again:?}");
    assert_silent("a command", heir.work.take(MANY)).await;
}

pub async fn a_worker_that_waits_already_gets_what_comes_again(bus: Arc<dyn Bus>) {
    let (gateway, a, b) = (bus.gateway().await, bus.worker().await, bus.worker().await);
    send_each(&gateway, [1]).await;
    let a_has_it = tokio::select! {
        _ = hold(&a, 1) => true,
        _ = hold(&b, 1) => false,
    };
    let (dying, heir) = if a_has_it { (a, b) } else { (b, a) };
    let mut waiting = Box::pin(take(&heir));
    assert!(futures::poll!(&mut waiting).is_pending());

    drop(dying);

    assert_eq!(numbers(&waiting.await), [1]);
}

pub async fn what_comes_again_is_as_it_was(bus: Arc<dyn Bus>) {
    let (gateway, dying) = (bus.gateway().await, bus.worker().await);
    let batch: Vec<_> = (1..=10).map(|n| command(&gateway, 1, n)).collect();
    send(&gateway, batch.clone()).await;
    hold(&dying, 10).await;
    drop(dying);

    let again = hold(&bus.worker().await, 10).await;

    let commands = again.iter().flat_map(|it| &it.commands);
    assert!(commands.map(parts).eq(batch.iter().map(parts)));
    assert_eq!(again.len(), 1, "one message stays one");
}

pub async fn what_was_acknowledged_does_not_come_again(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    send_each(&gateway, 1..=5).await;
    assert_eq!(take_commands(&*worker.work, 5).await.len(), 5);
    drop(worker);
    let other = bus.worker().await;
    assert_silent("a command", other.work.take(MANY)).await;
}

pub async fn each_delivery_is_acknowledged_for_itself(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    send_each(&gateway, 1..=3).await;
    let held = hold(&worker, 3).await;
    let middle = held.iter().find(|it| it.commands.iter().any(|it| number(it) == 2));
    let tag = middle.expect("it was taken").tag;
    worker.work.acknowledge(vec![tag]).await.expect("the bus is there");
    drop(worker);

    let heir = bus.worker().await;

    assert_eq!(numbers(&hold(&heir, 2).await), [1, 3]);
    assert_silent("a command", heir.work.take(MANY)).await;
}

pub async fn who_gave_up_waiting_takes_nothing_away(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    assert_silent("a delivery", worker.work.take(MANY)).await;
    send_each(&gateway, 1..=3).await;
    let taken = take_commands(&*worker.work, 3).await;
    assert!(taken.iter().map(number).eq(1..=3));
}

pub async fn what_is_buried_is_kept_with_its_reason(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for n in 1..=2 {
        let failed = command(&gateway, 1, n);
        worker.work.dead_letter(failed, format!("fault {n}")).await.expect("the bus is there");
    }

    let dead_letters = bus.dead_letters().await;

    let expected = [1, 2].map(|n| command(&gateway, 1, n));
    assert!(dead_letters.iter().map(|(it, _)| parts(it)).eq(expected.iter().map(parts)));
    assert!(dead_letters.iter().map(|(_, reason)| reason).eq(["fault 1", "fault 2"]));
    assert_silent("a dead_letters command", worker.work.take(MANY)).await;
}
