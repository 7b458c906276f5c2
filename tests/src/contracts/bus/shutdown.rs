//! The end of a bus.

use std::sync::Arc;

use sockbit_application::ports::SendError;
use tokio::time::timeout;

use super::Bus;
use super::fixtures::{MANY, QUIET, command, presences, query, within_deadline};

pub async fn whoever_waits_is_told_that_the_bus_is_closed(bus: Arc<dyn Bus>) {
    let (gateway, workers) = (bus.gateway().await, [bus.worker().await, bus.worker().await]);
    let mut hearing = Box::pin(gateway.announcements.next());
    let mut asking = Box::pin(gateway.queries.query(query(1)));
    let mut looking = Box::pin(gateway.presence.next_update());
    let [first, second] = &workers;
    let (mut taking, mut taking_too) =
        (Box::pin(first.work.take(MANY)), Box::pin(second.work.take(MANY)));
    assert!(futures::poll!(&mut hearing).is_pending() && futures::poll!(&mut asking).is_pending());
    assert!(futures::poll!(&mut looking).is_pending());
    assert!(futures::poll!(&mut taking).is_pending());
    assert!(futures::poll!(&mut taking_too).is_pending());

    bus.close().await;

    assert!(within_deadline("the end", taking).await.is_none());
    assert!(within_deadline("the end", taking_too).await.is_none());
    assert!(within_deadline("the end", hearing).await.is_none());
    assert!(within_deadline("the end", asking).await.is_err());
    assert!(within_deadline("the end", looking).await.is_none());
    for worker in &workers {
        assert!(within_deadline("the end", worker.queries.next()).await.is_none());
    }
}

pub async fn a_sender_who_waits_for_room_is_told_too(bus: Arc<dyn Bus>) {
    const MORE_THAN_FITS: u64 = 100_000;
    let gateway = bus.gateway().await;
    for n in 0..MORE_THAN_FITS {
        let mut sending = Box::pin(gateway.commands.send(vec![command(&gateway, 1, n)]));
        match timeout(QUIET, &mut sending).await {
            Ok(Ok(())) => {}
            // A bus that refuses at once has no waiting senders.
            Ok(Err(_)) => return,
            Err(_) => {
                bus.close().await;
                let sent = timeout(QUIET, sending).await.expect("the end is told at once");
                assert!(sent.is_err(), "a closed bus took it");
                return;
            }
        }
    }
    panic!("there is no bound");
}

pub async fn a_closed_bus_takes_nothing_more(bus: Arc<dyn Bus>) {
    let gateway = bus.gateway().await;
    bus.close().await;
    let sent =
        within_deadline("a refusal", gateway.commands.send(vec![command(&gateway, 1, 1)])).await;
    assert!(matches!(sent, Err(SendError::Refused(_))), "{sent:?}");
    assert!(within_deadline("a refusal", gateway.queries.query(query(1))).await.is_err());
    within_deadline("the end of telling", gateway.presence.publish(presences(&gateway, 7, 1)))
        .await;
    let late = (bus.gateway().await, bus.worker().await);
    assert!(within_deadline("the end", late.0.announcements.next()).await.is_none());
    assert!(within_deadline("the end", late.1.work.take(MANY)).await.is_none());
}

pub async fn closing_twice_is_once(bus: Arc<dyn Bus>) {
    let worker = bus.worker().await;
    bus.close().await;
    bus.close().await;
    for _ in 0..2 {
        assert!(within_deadline("the end", worker.work.take(MANY)).await.is_none());
    }
}
