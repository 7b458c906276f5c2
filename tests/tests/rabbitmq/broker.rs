//! A broker that dies, loses everything or is out of memory. Each has one of its own.

use std::time::Duration;

use sockbit_application::ports::{Announcements, Commands, Queries, SendError, Work};
use sockbit_application::slot::Slot;
use sockbit_rabbitmq::{ConnectProblem, connect_gateway};
use sockbit_servers::RabbitMq;
use sockbit_tests::contracts::bus::fixtures::{MANY, question, soon};
use sockbit_tests::vhost::Namespace;
use tokio::time::sleep;

use crate::support::{
    assert_hears, assert_is_interrupted, commands, send_until_taken, take_numbers, take_until,
    until_away, until_well,
};

/// RabbitMQ notes the names of new quorum queues half a second late. One whose name is lost in a
/// crash comes back as a new queue without a leader, for good.
const NAMES_KEPT_AFTER: Duration = Duration::from_secs(2);

async fn started() -> (RabbitMq, Namespace) {
    let starting = tokio::task::spawn_blocking(RabbitMq::start);
    let broker = starting.await.expect("it does not panic").expect("a broker");
    let bus = Namespace::on(broker.url());
    (broker, bus)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_outlives_the_broker_and_everybody_comes_back() {
    let (mut broker, bus) = started().await;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.listen(Slot(7)).await.expect("the bus is there");
    assert_hears(&gateway, &worker, 7, 1).await;
    gateway.send(commands(&gateway, 0..20)).await.expect("it is taken");
    let held = soon("a delivery", worker.take(MANY)).await.expect("the bus is open");

    sleep(NAMES_KEPT_AFTER).await;
    tokio::task::block_in_place(|| broker.kill());
    until_away(&gateway).await;
    let sent = soon("a verdict", gateway.send(commands(&gateway, 20..21))).await;
    assert!(sent.is_err(), "{sent:?}");
    tokio::task::block_in_place(|| broker.restart()).expect("it comes back");

    assert_eq!(take_numbers(&worker, 20).await, (0..20).collect::<Vec<_>>());
    let receipts = held.iter().map(|it| it.receipt).collect();
    worker.acknowledge(receipts).await.expect_err("their connection is gone");
    send_until_taken(&gateway, &commands(&gateway, 21..22)).await;
    take_until(&worker, 21).await;
    assert_is_interrupted(&gateway).await;
    assert_hears(&gateway, &worker, 7, 2).await;
    until_well(|| gateway.health()).await;
    until_well(|| worker.health()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_an_empty_broker_everything_is_declared_again() {
    let (mut broker, bus) = started().await;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.listen(Slot(7)).await.expect("the bus is there");
    tokio::task::block_in_place(|| broker.wipe()).expect("it comes back");
    send_until_taken(&gateway, &commands(&gateway, 0..1)).await;
    take_until(&worker, 0).await;
    assert_hears(&gateway, &worker, 7, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_without_memory_holds_up_publishers_and_nobody_else() {
    let (broker, bus) = started().await;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.send(commands(&gateway, 0..5)).await.expect("it is taken");
    let ctl = |arguments: &[&str]| {
        tokio::task::block_in_place(|| broker.ctl(arguments)).expect("the broker obeys");
    };
    ctl(&["set_vm_memory_high_watermark", "0.000001"]);

    let first = soon("a verdict", gateway.send(commands(&gateway, 5..6))).await;
    assert!(first.is_err(), "{first:?}");
    let second = soon("a verdict", gateway.send(commands(&gateway, 6..7))).await;
    let Err(SendError::Refused(reason)) = second else { panic!("{second:?}") };
    assert!(reason.contains("out of memory or disk"), "{reason}");
    assert_eq!(gateway.health(), Err(reason));
    assert!(soon("a verdict", gateway.ask(question(1))).await.is_err());
    assert_eq!(take_numbers(&worker, 5).await, [0, 1, 2, 3, 4], "what was there is worked off");

    ctl(&["set_vm_memory_high_watermark", "0.4"]);
    send_until_taken(&gateway, &commands(&gateway, 7..8)).await;
    take_until(&worker, 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_is_told_what() {
    let (broker, bus) = started().await;
    let ctl = |arguments: &[&str]| {
        tokio::task::block_in_place(|| broker.ctl(arguments)).expect("the broker obeys");
    };
    ctl(&["add_user", "ada", "hunter2"]);
    let url = format!("amqp://ada:hunter2@{}/%2f", bus.broker());
    let problem = async || {
        let settings = bus.settings_by(&url);
        connect_gateway(settings).await.map(drop).expect_err("she may not").problem
    };
    let said = problem().await;
    assert!(matches!(said, ConnectProblem::VirtualHost(_)), "{said:?}");
    ctl(&["set_permissions", "ada", "nothing", "nothing", "nothing"]);
    let said = problem().await;
    assert!(matches!(said, ConnectProblem::Permission(_)), "{said:?}");
}
