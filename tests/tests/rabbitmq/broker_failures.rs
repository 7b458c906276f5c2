//! A broker that dies, loses everything or is out of memory. Each has one of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use sockbit_application::envelope::EncodedMessage;
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Presence, Queries, SendError, WorkQueue,
};
use sockbit_application::slot::Slot;
use sockbit_rabbitmq::{ConnectProblem, connect_gateway};
use sockbit_servers::RabbitMq;
use sockbit_tests::contracts::bus::fixtures::{
    MANY, announcement, presences, query, within_deadline,
};
use sockbit_tests::rabbitmq_namespace::{Namespace, RawClient};
use sockbit_tests::system::eventually;
use tokio::time::{sleep, timeout};

use crate::intake::{Program, taken_in};
use crate::support::{
    assert_hears, assert_is_interrupted, commands, ends, send_until_taken, take_numbers,
    take_until, until_away, until_held, until_taking, until_well,
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

/// Has the broker do something.
fn ctl(broker: &RabbitMq, arguments: &[&str]) -> String {
    tokio::task::block_in_place(|| broker.ctl(arguments)).expect("the broker obeys")
}

const NO_MEMORY: [&str; 2] = ["set_vm_memory_high_watermark", "0.000001"];
const MEMORY: [&str; 2] = ["set_vm_memory_high_watermark", "0.4"];

/// Has a quorum queue say nothing, as where most of its nodes are away, or answer again.
fn silence(broker: &RabbitMq, does: &str, queue: &str) {
    let expression = format!("ra:{does}_server(quorum_queues, {{'%2F_{queue}', node()}}).");
    assert_eq!(ctl(broker, &["eval", &expression]).trim(), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_outlives_the_broker_and_everybody_comes_back() {
    let (mut broker, bus) = started().await;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is there");
    assert_hears(&gateway, &worker, 7, 1).await;
    gateway.send(commands(&gateway, 0..20)).await.expect("it is taken");
    let held = within_deadline("a delivery", worker.take(MANY)).await.expect("the bus is open");

    sleep(NAMES_KEPT_AFTER).await;
    tokio::task::block_in_place(|| broker.kill());
    until_away(&gateway).await;
    let sent = within_deadline("a verdict", gateway.send(commands(&gateway, 20..21))).await;
    assert!(sent.is_err(), "{sent:?}");
    tokio::task::block_in_place(|| broker.restart()).expect("it comes back");

    assert_eq!(take_numbers(&worker, 20).await, (0..20).collect::<Vec<_>>());
    let tags = held.iter().map(|it| it.tag).collect();
    worker.acknowledge(tags).await.expect_err("their connection is gone");
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
    gateway.subscribe(Slot(7)).await.expect("the bus is there");
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
    ctl(&broker, &NO_MEMORY);

    let first = within_deadline("a verdict", gateway.send(commands(&gateway, 5..6))).await;
    assert!(first.is_err(), "{first:?}");
    let second = within_deadline("a verdict", gateway.send(commands(&gateway, 6..7))).await;
    let Err(SendError::Refused(reason)) = second else { panic!("{second:?}") };
    assert!(reason.contains("out of memory or disk"), "{reason}");
    assert_eq!(gateway.health(), Err(reason));
    assert!(within_deadline("a verdict", gateway.query(query(1))).await.is_err());
    assert_eq!(take_numbers(&worker, 5).await, [0, 1, 2, 3, 4], "what was there is worked off");

    ctl(&broker, &MEMORY);
    send_until_taken(&gateway, &commands(&gateway, 7..8)).await;
    take_until(&worker, 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_could_not_be_answered_comes_again() {
    let (broker, bus) = started().await;
    let gateway = bus.gateway().await;
    let mut program = Program::on(&bus).await;
    program.put("who", "what", &program.own).await;
    let submission = taken_in(&gateway).await;
    ctl(&broker, &NO_MEMORY);
    gateway.send(commands(&gateway, 0..1)).await.expect_err("the broker takes nothing");
    (submission.reply)(EncodedMessage::from_static(b"lost"));

    let again = taken_in(&gateway).await;

    assert_eq!(again.message, b"what");
    ctl(&broker, &MEMORY);
    until_taking(&gateway).await;
    (again.reply)(EncodedMessage::from_static(b"done"));
    assert_eq!(program.answer().await.0, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_without_memory_still_hears_what_is_acknowledged_of_presence() {
    let (broker, bus) = started().await;
    let gateway = bus.gateway().await;
    ctl(&broker, &NO_MEMORY);

    let publishing = eventually("the broker to take nothing", async || {
        gateway.publish(presences(&ends(&gateway), 7, 1)).await;
        let connections = ctl(&broker, &["list_connections", "state", "client_properties"]);
        connections.contains("blocked").then_some(connections)
    });

    let publishing = publishing.await;
    let blocked: Vec<_> = publishing.lines().filter(|it| it.starts_with("blocked")).collect();
    assert!(blocked.iter().all(|it| it.contains("sockbit publishing")), "{blocked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_says_nothing_is_left_alone_also_where_nothing_was_sent_to_another() {
    let (broker, bus) = started().await;
    let bus = bus.with_work_queues(1);
    let gateway = bus.gateway().await;
    gateway.send(commands(&gateway, 0..1)).await.expect("it is taken");
    silence(&broker, "stop", &bus.names().work(0));

    let first = within_deadline("a verdict", gateway.send(commands(&gateway, 1..2))).await;
    let second = within_deadline("a verdict", gateway.send(commands(&gateway, 2..3))).await;

    assert!(matches!(first, Err(SendError::Unknown(_))), "{first:?}");
    let Err(SendError::Refused(reason)) = second else { panic!("{second:?}") };
    assert!(reason.contains("does not answer"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_work_queue_takes_no_other_with_it_and_is_made_anew() {
    let (broker, bus) = started().await;
    let bus = bus.with_work_queues(4);
    let gateway = bus.gateway().await;
    gateway.send(commands(&gateway, 0..40)).await.expect("all queues have some");
    silence(&broker, "stop", &bus.names().work(1));

    let worker = bus.worker().await;

    // The first time, nobody knows which of them it is.
    eventually("the others to be held for good", async || {
        until_held(&worker, 3).await;
        sleep(Duration::from_secs(1)).await;
        (worker.consumed_queues().len() >= 3).then_some(())
    })
    .await;
    eventually("the broken one to be made anew", async || {
        let held = worker.consumed_queues();
        assert!(held.is_superset(&BTreeSet::from([0, 2, 3])), "{held:?}");
        held.contains(&1).then_some(())
    })
    .await;
    send_until_taken(&gateway, &commands(&gateway, 0..40)).await;
    let mut taken = BTreeSet::new();
    while taken.len() < 40 {
        taken.extend(take_numbers(&worker, 1).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_work_queue_that_is_deleted_meanwhile_is_declared_again() {
    let (broker, bus) = started().await;
    let bus = bus.with_work_queues(4);
    let gateway = bus.gateway().await;
    silence(&broker, "stop", &bus.names().work(1));
    let worker = bus.worker().await;
    until_held(&worker, 3).await;

    ctl(&broker, &["delete_queue", &bus.names().work(1)]);

    until_held(&worker, 4).await;
    send_until_taken(&gateway, &commands(&gateway, 0..40)).await;
    assert_eq!(take_numbers(&worker, 40).await, (0..40).collect::<Vec<_>>());
}

/// Waits for a dead letter, and takes it away.
async fn dead_letter(raw_client: &RawClient, bus: &Namespace) -> Vec<u8> {
    let letter = async || raw_client.dead_letters(&bus.names()).await.pop();
    eventually("a dead letter", letter).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_can_be_set_aside_news_go_out_and_a_worker_leaves_in_time() {
    let (broker, bus) = started().await;
    let bus = bus.with_work_queues(1);
    let (work, dead) = (bus.names().work(0), bus.names().dead_letters());
    let (worker, raw_client) = (bus.worker().await, bus.raw_client().await);
    raw_client.publish(work.clone(), "commands", b"first?").await;
    assert_eq!(dead_letter(&raw_client, &bus).await, b"first?");
    silence(&broker, "stop", &dead);
    raw_client.publish(work.clone(), "commands", b"what?").await;

    for seq in 1..=10 {
        // Shorter than an attempt to set something aside.
        let announcing =
            timeout(Duration::from_secs(3), worker.announce(vec![announcement(7, seq)]));
        announcing.await.expect("nothing is in its way").expect("the broker is there");
        sleep(Duration::from_millis(100)).await;
    }
    eventually("the worker to have it", async || {
        let queues = ctl(&broker, &["list_queues", "name", "messages_unacknowledged"]);
        queues.contains(&format!("{work}\t1")).then_some(())
    })
    .await;
    // Shorter than what a worker is given to finish.
    timeout(Duration::from_secs(8), worker.close()).await.expect("nothing holds it up");

    let _heir = bus.worker().await;
    silence(&broker, "restart", &dead);
    assert_eq!(dead_letter(&raw_client, &bus).await, b"what?", "it came again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_is_told_what() {
    let (broker, bus) = started().await;
    ctl(&broker, &["add_user", "ada", "hunter2"]);
    let url = format!("amqp://ada:hunter2@{}/%2f", bus.broker());
    let problem = async || {
        let settings = bus.settings_with_url(&url);
        connect_gateway(settings).await.map(drop).expect_err("she may not").problem
    };
    let said = problem().await;
    assert!(matches!(said, ConnectProblem::VirtualHost(_)), "{said:?}");
    ctl(&broker, &["set_permissions", "ada", "nothing", "nothing", "nothing"]);
    let said = problem().await;
    assert!(matches!(said, ConnectProblem::Permission(_)), "{said:?}");
}
