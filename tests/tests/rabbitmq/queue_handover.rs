//! Workers that come and go share the queues.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt;
use sockbit_application::ports::{Commands, WorkQueue};
use sockbit_rabbitmq::{WorkerEndpoint, connect_worker};
use sockbit_tests::contracts::bus::fixtures::{MANY, number, within_deadline};
use sockbit_tests::proxy::NetworkState;
use sockbit_tests::rabbitmq_namespace::{FixedClock, Namespace};
use sockbit_tests::system::eventually;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::support::{commands, send_until_taken, take_numbers, until_held};

const QUEUES: u16 = 12;

/// Waits until these workers hold all queues, each one of them, as many each.
async fn until_shared(workers: &[&Arc<WorkerEndpoint>]) {
    let each = usize::from(QUEUES) / workers.len();
    eventually("an even spread", async || {
        let held: Vec<BTreeSet<u16>> = workers.iter().map(|it| it.consumed_queues()).collect();
        let all: BTreeSet<u16> = held.iter().flatten().copied().collect();
        let is_even = held.iter().all(|it| it.len() == each);
        (is_even && all.len() == usize::from(QUEUES)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_share_the_queues_evenly_as_they_come_and_go() {
    let bus = Namespace::fresh().with_work_queues(QUEUES);
    let first = bus.worker().await;
    until_shared(&[&first]).await;
    let second = bus.worker().await;
    until_shared(&[&first, &second]).await;
    let third = bus.worker().await;
    until_shared(&[&first, &second, &third]).await;
    first.close().await;
    until_shared(&[&second, &third]).await;
    drop(second);
    until_shared(&[&third]).await;
}

/// Takes and acknowledges until its worker ends, and tells what it took.
fn work_off(
    worker: Arc<WorkerEndpoint>,
    tell: mpsc::UnboundedSender<u64>,
    working: &mut JoinSet<()>,
) {
    working.spawn(async move {
        while let Some(deliveries) = worker.take(5).await {
            let numbers = deliveries.iter().flat_map(|it| &it.commands).map(number);
            numbers.for_each(|it| tell.send(it).unwrap_or_default());
            let tags = deliveries.iter().map(|it| it.tag).collect();
            worker.acknowledge(tags).await.expect("a worker that leaves finishes first");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn while_workers_come_and_go_each_command_is_worked_off_once() {
    let bus = Namespace::fresh().with_work_queues(QUEUES);
    let gateway = bus.gateway().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut working = JoinSet::new();
    let first = bus.worker().await;
    work_off(Arc::clone(&first), tell.clone(), &mut working);
    let is_over = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn({
        let is_over = Arc::clone(&is_over);
        async move {
            let mut sent = 0;
            while !is_over.load(Ordering::Relaxed) {
                gateway.send(commands(&gateway, sent..sent + 10)).await.expect("it is taken");
                sent += 10;
            }
            sent
        }
    });

    let second = bus.worker().await;
    work_off(Arc::clone(&second), tell.clone(), &mut working);
    until_shared(&[&first, &second]).await;
    first.close().await;
    until_shared(&[&second]).await;
    let third = bus.worker().await;
    work_off(Arc::clone(&third), tell, &mut working);
    until_shared(&[&second, &third]).await;
    is_over.store(true, Ordering::Relaxed);
    let sent = sending.await.expect("sending does not panic");

    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    while counts.len() < usize::try_from(sent).expect("it fits") {
        *counts
            .entry(within_deadline("a command", told.recv()).await.expect("they work"))
            .or_default() += 1;
    }
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?} of {sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_finishes_what_it_took() {
    let bus = Namespace::fresh();
    let (gateway, leaving) = (bus.gateway().await, bus.worker().await);
    send_until_taken(&gateway, &commands(&gateway, 0..1)).await;
    let taken = within_deadline("a delivery", leaving.take(MANY)).await.expect("the bus is open");
    let heir = bus.worker().await;
    let closing = tokio::spawn({
        let leaving = Arc::clone(&leaving);
        async move { leaving.close().await }
    });
    assert!(within_deadline("the end", leaving.take(MANY)).await.is_none());
    until_held(&heir, 3).await;

    let tags = taken.iter().map(|it| it.tag).collect();
    leaving.acknowledge(tags).await.expect("it may still finish");
    within_deadline("the end", closing).await.expect("closing does not panic");

    send_until_taken(&gateway, &commands(&gateway, 1..10)).await;
    assert_eq!(take_numbers(&heir, 9).await, (1..10).collect::<Vec<_>>(), "and not 0 again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_cut_off_is_succeeded_and_comes_back() {
    let bus = Namespace::fresh().with_work_queues(QUEUES);
    let (proxy, url) = bus.proxy().await;
    let connecting = connect_worker(bus.settings_with_url(&url), Arc::new(FixedClock));
    let cut_off = connecting.await.expect("the broker is there");
    let (gateway, heir) = (bus.gateway().await, bus.worker().await);
    until_shared(&[&cut_off, &heir]).await;
    send_until_taken(&gateway, &commands(&gateway, 0..50)).await;
    let taken = within_deadline("a delivery", cut_off.take(MANY)).await.expect("the bus is open");

    proxy.set(NetworkState::Down);

    until_shared(&[&heir]).await;
    assert_eq!(take_numbers(&heir, 50).await, (0..50).collect::<Vec<_>>());
    let tags = taken.iter().map(|it| it.tag).collect();
    cut_off.acknowledge(tags).await.expect_err("its connection is gone");
    proxy.set(NetworkState::Healthy);
    until_shared(&[&cut_off, &heir]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_without_a_word_is_missed_by_another() {
    let bus = Namespace::fresh().with_work_queues(QUEUES);
    let (proxy, url) = bus.proxy().await;
    let connecting = connect_worker(bus.settings_with_url(&url), Arc::new(FixedClock));
    let cut_off = connecting.await.expect("the broker is there");
    let heir = bus.worker().await;
    until_shared(&[&cut_off, &heir]).await;
    let raw_client = bus.raw_client().await;
    let mut heard = raw_client.subscribe(bus.names().announce(), "workers").await;

    proxy.set(NetworkState::Down);

    let mut body = String::new();
    while !body.contains(r#""leaves":true"#) {
        let message = within_deadline("a presence", heard.next()).await.expect("workers speak");
        body = String::from_utf8(message.expect("the broker is there").data).expect("JSON");
    }
    until_shared(&[&heir]).await;
}
