//! A broker that crashes, loses everything or is out of memory. Each test has its own broker.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sockbit_application::bus_messages::EncodedMessage;
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Presence, Queries, SendError, WorkQueue,
};
use sockbit_application::slot::Slot;
use sockbit_rabbitmq::{ConnectProblem, connect_gateway, connect_worker};
use sockbit_servers::RabbitMq;
use sockbit_tests::contracts::bus::fixtures::{
    MANY, announcement, presence_update, query, within_deadline,
};
use sockbit_tests::rabbitmq_namespace::{AmqpClient, FixedClock, Namespace};
use sockbit_tests::system::eventually;
use tokio::time::{sleep, timeout};

use crate::endpoint_helpers::{
    assert_is_interrupted, assert_receives, commands, ports, send_until_accepted, take_numbers,
    take_until, until_accepting, until_consumed, until_disconnected, until_healthy,
};
use crate::intake::{Program, next_message};

/// RabbitMQ stores the names of new quorum queues after half a second. If a name is lost in a
/// crash, the queue never has a leader again.
const NAMES_STORED_AFTER: Duration = Duration::from_secs(2);

async fn start_broker() -> (RabbitMq, Namespace) {
    let starting = tokio::task::spawn_blocking(RabbitMq::start);
    let broker = starting.await.expect("no panic").expect("a broker");
    let bus = Namespace::on(broker.url());
    (broker, bus)
}

/// Runs `rabbitmqctl`.
fn ctl(broker: &RabbitMq, arguments: &[&str]) -> String {
    tokio::task::block_in_place(|| broker.ctl(arguments)).expect("the broker responds")
}

const NO_MEMORY: [&str; 2] = ["set_vm_memory_high_watermark", "0.000001"];
const MEMORY: [&str; 2] = ["set_vm_memory_high_watermark", "0.4"];

/// Stops the server of a quorum queue, so that the queue does not respond, or restarts it.
fn change_queue_server(broker: &RabbitMq, action: &str, queue: &str) {
    let expression = format!("ra:{action}_server(quorum_queues, {{'%2F_{queue}', node()}}).");
    assert_eq!(ctl(broker, &["eval", &expression]).trim(), "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmed_commands_survive_a_broker_crash_and_all_endpoints_reconnect() {
    let (mut broker, bus) = start_broker().await;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is available");
    assert_receives(&gateway, &worker, 7, 1).await;
    gateway.send(commands(&gateway, 0..20)).await.expect("it is accepted");
    let unacknowledged =
        within_deadline("a delivery", worker.take(MANY)).await.expect("the bus is open");

    sleep(NAMES_STORED_AFTER).await;
    tokio::task::block_in_place(|| broker.kill());
    until_disconnected(&gateway).await;
    let sent = within_deadline("a result", gateway.send(commands(&gateway, 20..21))).await;
    assert!(sent.is_err(), "{sent:?}");
    tokio::task::block_in_place(|| broker.restart()).expect("it starts");

    assert_eq!(take_numbers(&worker, 20).await, (0..20).collect::<Vec<_>>());
    let tags = unacknowledged.iter().map(|it| it.tag).collect();
    worker.acknowledge(tags).await.expect_err("their connection was lost");
    send_until_accepted(&gateway, &commands(&gateway, 21..22)).await;
    take_until(&worker, 21).await;
    assert_is_interrupted(&gateway).await;
    assert_receives(&gateway, &worker, 7, 2).await;
    until_healthy(|| gateway.health()).await;
    until_healthy(|| worker.health()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_declared_again_on_a_wiped_broker() {
    let (mut broker, bus) = start_broker().await;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.subscribe(Slot(7)).await.expect("the bus is available");
    tokio::task::block_in_place(|| broker.wipe()).expect("it starts");
    send_until_accepted(&gateway, &commands(&gateway, 0..1)).await;
    take_until(&worker, 0).await;
    assert_receives(&gateway, &worker, 7, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_without_memory_blocks_publishers_and_not_consumers() {
    let (broker, bus) = start_broker().await;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    gateway.send(commands(&gateway, 0..5)).await.expect("it is accepted");
    ctl(&broker, &NO_MEMORY);

    let first = within_deadline("a result", gateway.send(commands(&gateway, 5..6))).await;
    assert!(first.is_err(), "{first:?}");
    let second = within_deadline("a result", gateway.send(commands(&gateway, 6..7))).await;
    let Err(SendError::Refused(reason)) = second else { panic!("{second:?}") };
    assert!(reason.contains("out of memory or disk"), "{reason}");
    assert_eq!(gateway.health(), Err(reason));
    assert!(within_deadline("a result", gateway.query(query(1))).await.is_err());
    assert_eq!(
        take_numbers(&worker, 5).await,
        [0, 1, 2, 3, 4],
        "commands in the queue are still delivered"
    );

    ctl(&broker, &MEMORY);
    send_until_accepted(&gateway, &commands(&gateway, 7..8)).await;
    take_until(&worker, 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_reply_could_not_be_sent_is_delivered_again() {
    let (broker, bus) = start_broker().await;
    let gateway = bus.gateway().await;
    let mut program = Program::on(&bus).await;
    program.publish("who", "what", &program.reply_queue).await;
    let submission = next_message(&gateway).await;
    ctl(&broker, &NO_MEMORY);
    gateway.send(commands(&gateway, 0..1)).await.expect_err("the broker accepts nothing");
    (submission.reply)(EncodedMessage::from_static(b"lost"));

    let again = next_message(&gateway).await;

    assert_eq!(again.message, b"what");
    ctl(&broker, &MEMORY);
    until_accepting(&gateway).await;
    (again.reply)(EncodedMessage::from_static(b"done"));
    assert_eq!(program.next_reply().await.0, "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_without_memory_does_not_block_the_presence_connection() {
    let (broker, bus) = start_broker().await;
    let gateway = bus.gateway().await;
    ctl(&broker, &NO_MEMORY);

    let publishing = eventually("the broker to block", async || {
        gateway.publish(presence_update(&ports(&gateway), 7, 1)).await;
        let connections = ctl(&broker, &["list_connections", "state", "client_properties"]);
        connections.contains("blocked").then_some(connections)
    });

    let publishing = publishing.await;
    let blocked: Vec<_> = publishing.lines().filter(|it| it.starts_with("blocked")).collect();
    assert!(blocked.iter().all(|it| it.contains("sockbit publishing")), "{blocked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unresponsive_queue_opens_the_circuit_breaker_even_if_no_other_queue_is_used() {
    let (broker, bus) = start_broker().await;
    let bus = bus.with_work_queues(1);
    let gateway = bus.gateway().await;
    gateway.send(commands(&gateway, 0..1)).await.expect("it is accepted");
    change_queue_server(&broker, "stop", &bus.names().work(0));

    let first = within_deadline("a result", gateway.send(commands(&gateway, 1..2))).await;
    let second = within_deadline("a result", gateway.send(commands(&gateway, 2..3))).await;

    assert!(matches!(first, Err(SendError::Unknown(_))), "{first:?}");
    let Err(SendError::Refused(reason)) = second else { panic!("{second:?}") };
    assert!(reason.contains("does not confirm"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unresponsive_queue_delays_no_command_for_another_queue() {
    let (broker, bus) = start_broker().await;
    let bus = bus.with_work_queues(2);
    let gateway = bus.gateway().await;
    gateway.send(commands(&gateway, 0..20)).await.expect("it is accepted");
    change_queue_server(&broker, "stop", &bus.names().work(0));

    let mut unconfirmed = Vec::new();
    for n in 20..30 {
        let batch = commands(&gateway, n..n + 1);
        let queue = gateway.work_queue(Slot::of(batch[0].board));
        let confirm = gateway.send(batch);
        if queue == 0 {
            unconfirmed.push(confirm);
        } else {
            // Shorter than the wait for a missing confirm.
            let sent = timeout(Duration::from_secs(3), confirm).await.expect("it is not delayed");
            sent.expect("the queue responds");
        }
    }

    assert!(!unconfirmed.is_empty(), "some are for the queue that does not respond");
    for confirm in unconfirmed {
        let sent = within_deadline("a result", confirm).await;
        assert!(matches!(sent, Err(SendError::Unknown(_))), "{sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_work_queue_is_recreated_and_affects_no_other_queue() {
    let (broker, bus) = start_broker().await;
    let bus = bus.with_work_queues(4);
    let gateway = bus.gateway().await;
    gateway.send(commands(&gateway, 0..40)).await.expect("it is accepted");
    change_queue_server(&broker, "stop", &bus.names().work(1));

    let worker = bus.worker().await;

    // The first time, the worker does not know which queue is broken.
    eventually("the other queues to be consumed", async || {
        until_consumed(&worker, 3).await;
        sleep(Duration::from_secs(1)).await;
        (worker.consumed_queues().len() >= 3).then_some(())
    })
    .await;
    eventually("the broken queue to be recreated", async || {
        let consumed = worker.consumed_queues();
        assert!(consumed.is_superset(&BTreeSet::from([0, 2, 3])), "{consumed:?}");
        consumed.contains(&1).then_some(())
    })
    .await;
    send_until_accepted(&gateway, &commands(&gateway, 0..40)).await;
    let mut taken = BTreeSet::new();
    while taken.len() < 40 {
        taken.extend(take_numbers(&worker, 1).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_work_queue_that_an_operator_deletes_is_declared_again() {
    let (broker, bus) = start_broker().await;
    let bus = bus.with_work_queues(4);
    let gateway = bus.gateway().await;
    change_queue_server(&broker, "stop", &bus.names().work(1));
    let worker = bus.worker().await;
    until_consumed(&worker, 3).await;

    ctl(&broker, &["delete_queue", &bus.names().work(1)]);

    until_consumed(&worker, 4).await;
    send_until_accepted(&gateway, &commands(&gateway, 0..40)).await;
    assert_eq!(take_numbers(&worker, 40).await, (0..40).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_work_queue_is_left_alone_and_reported_if_deleting_is_turned_off() {
    let (broker, bus) = start_broker().await;
    let bus = bus.with_work_queues(4);
    let gateway = bus.gateway().await;
    gateway.send(commands(&gateway, 0..40)).await.expect("it is accepted");
    let name = bus.names().work(1);
    change_queue_server(&broker, "stop", &name);

    let settings = bus.settings().delete_broken_queues(false);
    let connecting = connect_worker(settings, Arc::new(FixedClock));
    let worker = connecting.await.expect("the broker responds");

    let only_queue_1 =
        async || Some(worker.broken_queues()).filter(|it| *it == BTreeSet::from([1]));
    eventually("the broken queue to be reported", only_queue_1).await;
    until_consumed(&worker, 3).await;
    assert_eq!(worker.consumed_queues(), BTreeSet::from([0, 2, 3]));
    // Longer than the time after which a broken queue is deleted.
    sleep(Duration::from_secs(7)).await;
    assert_eq!(worker.broken_queues(), BTreeSet::from([1]), "it was not recreated");
    ctl(&broker, &["delete_queue", &name]);
    until_consumed(&worker, 4).await;
    assert_eq!(worker.broken_queues(), BTreeSet::new());
}

/// Waits for a dead letter and takes it.
async fn dead_letter(amqp_client: &AmqpClient, bus: &Namespace) -> Vec<u8> {
    let letter = async || amqp_client.dead_letters(&bus.names()).await.pop();
    eventually("a dead letter", letter).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_announces_and_closes_in_time_while_dead_lettering_fails() {
    let (broker, bus) = start_broker().await;
    let bus = bus.with_work_queues(1);
    let (work, dead) = (bus.names().work(0), bus.names().dead_letters());
    let (worker, amqp_client) = (bus.worker().await, bus.amqp_client().await);
    amqp_client.publish(work.clone(), "commands", b"first?").await;
    assert_eq!(dead_letter(&amqp_client, &bus).await, b"first?");
    change_queue_server(&broker, "stop", &dead);
    amqp_client.publish(work.clone(), "commands", b"what?").await;

    for seq in 1..=10 {
        // Shorter than an attempt to dead-letter.
        let announcing =
            timeout(Duration::from_secs(3), worker.publish(vec![announcement(7, seq)], Vec::new()));
        announcing.await.expect("announcing is not delayed").expect("the broker responds");
        sleep(Duration::from_millis(100)).await;
    }
    eventually("the worker to receive it", async || {
        let queues = ctl(&broker, &["list_queues", "name", "messages_unacknowledged"]);
        queues.contains(&format!("{work}\t1")).then_some(())
    })
    .await;
    // Shorter than the time that a worker has to drain.
    timeout(Duration::from_secs(8), worker.close()).await.expect("closing is not delayed");

    let _other = bus.worker().await;
    change_queue_server(&broker, "restart", &dead);
    assert_eq!(dead_letter(&amqp_client, &bus).await, b"what?", "it was delivered again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_permission_gets_an_error_that_names_the_problem() {
    let (broker, bus) = start_broker().await;
    ctl(&broker, &["add_user", "ada", "hunter2"]);
    let url = format!("amqp://ada:hunter2@{}/%2f", bus.broker());
    let problem = async || {
        let settings = bus.settings_with_url(&url);
        connect_gateway(settings).await.map(drop).expect_err("it is denied").problem
    };
    let error = problem().await;
    assert!(matches!(error, ConnectProblem::VirtualHost(_)), "{error:?}");
    ctl(&broker, &["set_permissions", "ada", "nothing", "nothing", "nothing"]);
    let error = problem().await;
    assert!(matches!(error, ConnectProblem::Permission(_)), "{error:?}");
}
