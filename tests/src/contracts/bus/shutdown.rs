//! Clauses about closing a bus.

use std::sync::Arc;

use sockbit_application::ports::SendError;
use tokio::time::timeout;

use super::Bus;
use super::fixtures::{MANY, QUIET, command, presence_update, query, within_deadline};

pub async fn closing_ends_all_pending_calls(bus: Arc<dyn Bus>) {
    let (gateway, workers) = (bus.gateway().await, [bus.worker().await, bus.worker().await]);
    let mut announcement = Box::pin(gateway.announcements.next());
    let mut reply = Box::pin(gateway.queries.query(query(1)));
    let mut presence = Box::pin(gateway.presence.next_update());
    let [first, second] = &workers;
    let (mut first_take, mut second_take) =
        (Box::pin(first.work.take(MANY)), Box::pin(second.work.take(MANY)));
    assert!(futures::poll!(&mut announcement).is_pending());
    assert!(futures::poll!(&mut reply).is_pending());
    assert!(futures::poll!(&mut presence).is_pending());
    assert!(futures::poll!(&mut first_take).is_pending());
    assert!(futures::poll!(&mut second_take).is_pending());

    bus.close().await;

    assert!(within_deadline("the end", first_take).await.is_none());
    assert!(within_deadline("the end", second_take).await.is_none());
    assert!(within_deadline("the end", announcement).await.is_none());
    assert!(within_deadline("the end", reply).await.is_err());
    assert!(within_deadline("the end", presence).await.is_none());
    for worker in &workers {
        assert!(within_deadline("the end", worker.queries.next()).await.is_none());
    }
}

pub async fn closing_ends_a_send_that_waits_for_room(bus: Arc<dyn Bus>) {
    const MORE_THAN_FITS: u64 = 100_000;
    let gateway = bus.gateway().await;
    for n in 0..MORE_THAN_FITS {
        let mut sending = gateway.commands.send(vec![command(&gateway, 1, n)]);
        match timeout(QUIET, &mut sending).await {
            Ok(Ok(())) => {}
            // A bus that refuses at once has no senders that wait for room.
            Ok(Err(_)) => return,
            Err(_) => {
                bus.close().await;
                let sent = timeout(QUIET, sending).await.expect("the send fails at once");
                assert!(sent.is_err(), "a closed bus accepted a command");
                return;
            }
        }
    }
    panic!("the queue is unbounded");
}

pub async fn a_closed_bus_refuses_everything(bus: Arc<dyn Bus>) {
    let gateway = bus.gateway().await;
    bus.close().await;
    let sent =
        within_deadline("a refusal", gateway.commands.send(vec![command(&gateway, 1, 1)])).await;
    assert!(matches!(sent, Err(SendError::Refused(_))), "{sent:?}");
    assert!(within_deadline("a refusal", gateway.queries.query(query(1))).await.is_err());
    within_deadline(
        "the end of a publish",
        gateway.presence.publish(presence_update(&gateway, 7, 1)),
    )
    .await;
    let late = (bus.gateway().await, bus.worker().await);
    assert!(within_deadline("the end", late.0.announcements.next()).await.is_none());
    assert!(within_deadline("the end", late.1.work.take(MANY)).await.is_none());
}

pub async fn closing_twice_is_idempotent(bus: Arc<dyn Bus>) {
    let worker = bus.worker().await;
    bus.close().await;
    bus.close().await;
    for _ in 0..2 {
        assert!(within_deadline("the end", worker.work.take(MANY)).await.is_none());
    }
}
