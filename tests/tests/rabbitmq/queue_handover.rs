//! Work queues move between workers that join and leave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sockbit_application::ports::{Commands, WorkQueue};
use sockbit_rabbitmq::{WorkerEndpoint, connect_worker};
use sockbit_tests::contracts::bus::fixtures::{MANY, number, within_deadline};
use sockbit_tests::proxy::NetworkState;
use sockbit_tests::rabbitmq_namespace::{FixedClock, Namespace};
use sockbit_tests::system::eventually;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::endpoint_helpers::{commands, send_until_accepted, take_numbers, until_consumed};

const QUEUES: u16 = 12;

/// Waits until these workers consume all queues, the same number each.
async fn until_balanced(workers: &[&Arc<WorkerEndpoint>]) {
    let each = usize::from(QUEUES) / workers.len();
    eventually("a balanced assignment", async || {
        let consumed: Vec<BTreeSet<u16>> = workers.iter().map(|it| it.consumed_queues()).collect();
        let all: BTreeSet<u16> = consumed.iter().flatten().copied().collect();
        let is_even = consumed.iter().all(|it| it.len() == each);
        (is_even && all.len() == usize::from(QUEUES)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_balanced_as_workers_join_and_leave() {
    let bus = Namespace::fresh().with_work_queues(QUEUES);
    let first = bus.worker().await;
    until_balanced(&[&first]).await;
    let second = bus.worker().await;
    until_balanced(&[&first, &second]).await;
    let third = bus.worker().await;
    until_balanced(&[&first, &second, &third]).await;
    first.close().await;
    until_balanced(&[&second, &third]).await;
    drop(second);
    until_balanced(&[&third]).await;
}

/// Takes and acknowledges deliveries until the worker is closed, and sends the numbers of their
fn consume_commands(
    worker: Arc<WorkerEndpoint>,
    sender: mpsc::UnboundedSender<u64>,
    tasks: &mut JoinSet<()>,
) {
    tasks.spawn(async move {
        while let Some(deliveries) = worker.take(5).await {
            let numbers = deliveries.iter().flat_map(|it| &it.commands).map(number);
            numbers.for_each(|it| sender.send(it).unwrap_or_default());
            let tags = deliveries.iter().map(|it| it.tag).collect();
            worker.acknowledge(tags).await.expect("a worker that leaves finishes first");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_is_processed_once_while_workers_join_and_leave() {
    let bus = Namespace::fresh().with_work_queues(QUEUES);
    let gateway = bus.gateway().await;
    let (sender, mut received) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    let first = bus.worker().await;
    consume_commands(Arc::clone(&first), sender.clone(), &mut tasks);
    let is_finished = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn({
        let is_finished = Arc::clone(&is_finished);
        async move {
            let mut sent = 0;
            while !is_finished.load(Ordering::Relaxed) {
                gateway.send(commands(&gateway, sent..sent + 10)).await.expect("it is accepted");
                sent += 10;
            }
            sent
        }
    });

    let second = bus.worker().await;
    consume_commands(Arc::clone(&second), sender.clone(), &mut tasks);
    until_balanced(&[&first, &second]).await;
    first.close().await;
    until_balanced(&[&second]).await;
    let third = bus.worker().await;
    consume_commands(Arc::clone(&third), sender, &mut tasks);
    until_balanced(&[&second, &third]).await;
    is_finished.store(true, Ordering::Relaxed);
    let sent = sending.await.expect("no panic");

    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    while counts.len() < usize::try_from(sent).expect("it fits") {
        *counts
            .entry(within_deadline("a command", received.recv()).await.expect("a worker runs"))
            .or_default() += 1;
    }
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?} of {sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_leaves_finishes_its_deliveries() {
    let bus = Namespace::fresh();
    let (gateway, leaving) = (bus.gateway().await, bus.worker().await);
    send_until_accepted(&gateway, &commands(&gateway, 0..1)).await;
    let taken = within_deadline("a delivery", leaving.take(MANY)).await.expect("the bus is open");
    let other = bus.worker().await;
    let closing = tokio::spawn({
        let leaving = Arc::clone(&leaving);
        async move { leaving.close().await }
    });
    assert!(within_deadline("the end", leaving.take(MANY)).await.is_none());
    until_consumed(&other, 3).await;

    let tags = taken.iter().map(|it| it.tag).collect();
    leaving.acknowledge(tags).await.expect("it is still connected");
    within_deadline("the end", closing).await.expect("no panic");

    send_until_accepted(&gateway, &commands(&gateway, 1..10)).await;
    assert_eq!(take_numbers(&other, 9).await, (1..10).collect::<Vec<_>>(), "and not 0 again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_worker_is_replaced_and_rejoins() {
    let bus = Namespace::fresh().with_work_queues(QUEUES);
    let (proxy, url) = bus.proxy().await;
    let connecting = connect_worker(bus.settings_with_url(&url), Arc::new(FixedClock));
    let disconnected = connecting.await.expect("the broker responds");
    let (gateway, other) = (bus.gateway().await, bus.worker().await);
    until_balanced(&[&disconnected, &other]).await;
    send_until_accepted(&gateway, &commands(&gateway, 0..50)).await;
    let taken =
        within_deadline("a delivery", disconnected.take(MANY)).await.expect("the bus is open");

    proxy.set(NetworkState::Down);

    until_balanced(&[&other]).await;
    assert_eq!(take_numbers(&other, 50).await, (0..50).collect::<Vec<_>>());
    let tags = taken.iter().map(|it| it.tag).collect();
    disconnected.acknowledge(tags).await.expect_err("its connection was lost");
    proxy.set(NetworkState::Healthy);
    until_balanced(&[&disconnected, &other]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnected_worker_is_replaced_soon_after_its_last_heartbeat() {
    let bus = Namespace::fresh().with_work_queues(QUEUES);
    let (proxy, url) = bus.proxy().await;
    let connecting = connect_worker(bus.settings_with_url(&url), Arc::new(FixedClock));
    let disconnected = connecting.await.expect("the broker responds");
    let other = bus.worker().await;
    until_balanced(&[&disconnected, &other]).await;

    proxy.set(NetworkState::Down);
    let start = Instant::now();

    until_balanced(&[&other]).await;
    // Usually within 3 s, and always before heartbeats of the previous version would time out.
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}
