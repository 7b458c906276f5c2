//! Clauses about commands, from gateways to workers.

use std::collections::BTreeSet;
use std::sync::Arc;

use sockbit_application::bus_messages::Address;
use sockbit_application::ports::SendError;
use sockbit_domain::{Actor, ActorId, KeyHash};

use super::Bus;
use super::fixtures::{
    MANY, assert_silent, body, command, number, parts, send, send_each, take_commands, uuid,
    within_deadline,
};

pub async fn a_batch_arrives_unchanged(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let mut batch: Vec<_> = (1..=20).map(|n| command(&gateway, 1, n)).collect();
    for (n, it) in (0_u8..).zip(&mut batch) {
        it.key = (n % 2 == 0).then_some(KeyHash([n; 32]));
        it.actor = Actor { id: ActorId(uuid(n.into())), name: format!("P{n}"), colour: n % 12 };
        it.reply_to = Address::new(gateway.id, u64::MAX - u64::from(n));
    }
    send(&gateway, batch.clone()).await;

    let deliveries =
        within_deadline("the batch", worker.work.take(MANY)).await.expect("the bus is open");

    let [delivery] = deliveries.as_slice() else { panic!("one message was sent: {deliveries:?}") };
    assert_eq!(delivery.redeliveries, 0);
    assert!(delivery.commands.iter().map(parts).eq(batch.iter().map(parts)));
}

pub async fn a_batch_of_many_boards_arrives_completely_and_in_order_per_board(bus: Arc<dyn Bus>) {
    const BOARDS: u64 = 7;
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    send(&gateway, (0..70).map(|n| command(&gateway, n % BOARDS, n)).collect()).await;

    let taken = take_commands(&*worker.work, 70).await;

    for board in 0..BOARDS {
        let on_board = taken.iter().filter(|it| it.board.0 == uuid(board)).map(number);
        assert!(on_board.eq((board..70).step_by(7)), "board {board}: {taken:?}");
    }
    assert_silent("a command", worker.work.take(MANY)).await;
}

pub async fn hostile_bytes_arrive_unchanged(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let bodies = [
        " { \"b\" : 1 ,\t\"a\"\r\n: 1.0e0, \"a\": 2 } ".trim().to_owned(),
        r#""\u0000\ud83d\ude00\/\"\\""#.to_owned(),
        "\"\u{7f}\u{80}\u{2028}\u{2029}\u{feff}👩‍👧\u{10ffff}'; drop table notes; -- %s\"".to_owned(),
        "12345678901234567890.12345678901234567890e-400".to_owned(),
        format!("\"{}\"", "x".repeat(250 * 1024)),
        format!("{}null{}", "[".repeat(100), "]".repeat(100)),
        "null".to_owned(),
    ];
    let mut batch: Vec<_> = (1..).zip(&bodies).map(|(n, _)| command(&gateway, 1, n)).collect();
    for (it, json) in batch.iter_mut().zip(&bodies) {
        it.body = body(json);
        "\u{202e}\"\n\0</script>".clone_into(&mut it.actor.name);
    }
    send(&gateway, batch.clone()).await;

    let taken = take_commands(&*worker.work, batch.len()).await;

    assert!(taken.iter().map(parts).eq(batch.iter().map(parts)));
}

pub async fn commands_arrive_once_and_in_order(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for first in (1..=200).step_by(4) {
        let batch = (first..first + 4).map(|n| command(&gateway, 1, n)).collect();
        send(&gateway, batch).await;
    }

    let taken = take_commands(&*worker.work, 200).await;

    assert!(taken.iter().map(number).eq(1..=200));
    assert_silent("a command", worker.work.take(MANY)).await;
}

pub async fn commands_arrive_in_the_order_of_the_calls(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let send = |n| gateway.commands.send(vec![command(&gateway, 1, n)]);
    let confirms: Vec<_> = (1..=200).map(send).collect();
    for confirm in confirms.into_iter().rev() {
        within_deadline("a confirm", confirm).await.expect("the bus accepts the batch");
    }

    let taken = take_commands(&*worker.work, 200).await;

    assert!(taken.iter().map(number).eq(1..=200));
    assert_silent("a command", worker.work.take(MANY)).await;
}

pub async fn commands_whose_confirm_is_dropped_arrive(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    drop(gateway.commands.send(vec![command(&gateway, 1, 1)]));
    assert_eq!(take_commands(&*worker.work, 1).await.iter().map(number).collect::<Vec<_>>(), [1]);
}

pub async fn commands_without_a_worker_stay_queued(bus: Arc<dyn Bus>) {
    let gateway = bus.gateway().await;
    send_each(&gateway, 1..=10).await;
    drop(gateway);

    let worker = bus.worker().await;

    let taken = take_commands(&*worker.work, 10).await;
    assert!(taken.iter().map(number).eq(1..=10));
}

pub async fn every_gateway_reaches_a_worker(bus: Arc<dyn Bus>) {
    let workers = [bus.worker().await, bus.worker().await];
    let mut expected = BTreeSet::new();
    for part in 0..5 {
        let gateway = bus.gateway().await;
        let numbers = part * 100..part * 100 + 20;
        expected.extend(numbers.clone());
        send_each(&gateway, numbers).await;
    }

    let mut taken = BTreeSet::new();
    while taken.len() < expected.len() {
        let [a, b] = &workers;
        let (worker, deliveries) = within_deadline("a delivery", async {
            tokio::select! {
                deliveries = a.work.take(7) => (a, deliveries),
                deliveries = b.work.take(7) => (b, deliveries),
            }
        })
        .await;
        let deliveries = deliveries.expect("the bus is open");
        let tags = deliveries.iter().map(|it| it.tag).collect();
        worker.work.acknowledge(tags).await.expect("the bus is available");
        for it in deliveries.iter().flat_map(|it| &it.commands) {
            assert!(taken.insert(number(it)), "{} came twice", number(it));
        }
    }
    assert_eq!(taken, expected);
}

pub async fn a_full_queue_refuses_commands_and_keeps_accepted_ones(bus: Arc<dyn Bus>) {
    const MORE_THAN_FITS: u64 = 100_000;
    let gateway = bus.gateway().await;
    let mut accepted = 0;
    let error = loop {
        let batch = vec![command(&gateway, 1, accepted)];
        match within_deadline("a confirmation", gateway.commands.send(batch)).await {
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
        assert!(accepted < MORE_THAN_FITS, "the queue is unbounded");
    };
    assert!(matches!(error, SendError::Refused(_)), "{error:?}");

    let worker = bus.worker().await;
    let count = usize::try_from(accepted).expect("a bounded number");
    let taken = take_commands(&*worker.work, count).await;

    assert!(taken.iter().map(number).eq(0..accepted), "all accepted commands, in order");
    assert_silent("a refused command", worker.work.take(MANY)).await;
    send_each(&gateway, [accepted]).await;
    assert_eq!(take_commands(&*worker.work, 1).await.len(), 1, "the queue accepts commands again");
}
