//! Clauses about presence updates between gateways: bounded, and never in the way of announcements.

use std::sync::Arc;

use sockbit_application::slot::Slot;

use super::Bus;
use super::fixtures::{
    announcement, assert_silent, next_number, next_presence, presence_update, subscribe, uuid,
};

/// More than any bus buffers for a gateway that does not read.
const FLOOD: u64 = 5_000;

pub async fn a_presence_update_arrives_unchanged(bus: Arc<dyn Bus>) {
    let (sender, gateway) = (bus.gateway().await, bus.gateway().await);
    subscribe(&gateway, 7).await;
    sender.presence.publish(presence_update(&sender, 7, 1)).await;
    assert_eq!(next_presence(&gateway).await, presence_update(&sender, 7, 1));
}

pub async fn a_presence_update_reaches_exactly_the_other_subscribers(bus: Arc<dyn Bus>) {
    let sender = bus.gateway().await;
    let (a, b, c) = (bus.gateway().await, bus.gateway().await, bus.gateway().await);
    for (gateway, slots) in [(&a, &[1, 2][..]), (&b, &[2]), (&c, &[3])] {
        for slot in slots {
            subscribe(gateway, *slot).await;
        }
    }

    for slot in [1, 2, 0] {
        sender.presence.publish(presence_update(&sender, slot, 1)).await;
    }

    assert_eq!(next_presence(&a).await.slot, Slot(1));
    assert_eq!(next_presence(&a).await.slot, Slot(2));
    assert_eq!(next_presence(&b).await.slot, Slot(2));
    for gateway in [&a, &b, &c] {
        assert_silent("presence", gateway.presence.next_update()).await;
        assert_silent("an announcement", gateway.announcements.next()).await;
    }
}

pub async fn no_presence_update_arrives_after_unsubscribing(bus: Arc<dyn Bus>) {
    let (sender, gateway) = (bus.gateway().await, bus.gateway().await);
    subscribe(&gateway, 7).await;
    subscribe(&gateway, 8).await;

    gateway.announcements.unsubscribe(Slot(7)).await.expect("the bus is available");
    sender.presence.publish(presence_update(&sender, 7, 1)).await;
    sender.presence.publish(presence_update(&sender, 8, 2)).await;

    assert_eq!(
        next_presence(&gateway).await.slot,
        Slot(8),
        "the other subscription is still active"
    );
    assert_silent("presence", gateway.presence.next_update()).await;
}

pub async fn a_flood_of_presence_loses_no_announcement(bus: Arc<dyn Bus>) {
    let (sender, gateway) = (bus.gateway().await, bus.gateway().await);
    let worker = bus.worker().await;
    subscribe(&gateway, 7).await;
    for n in 1..=FLOOD {
        sender.presence.publish(presence_update(&sender, 7, n)).await;
        if n % 50 == 0 {
            let announcement = announcement(7, n);
            worker
                .announcer
                .publish(vec![announcement], Vec::new())
                .await
                .expect("the bus is available");
        }
    }
    for n in (1..=FLOOD).filter(|n| n % 50 == 0) {
        assert_eq!(next_number(&gateway).await, n, "all announcements arrive in order");
    }
}

pub async fn unread_presence_is_reduced_to_the_latest_updates(bus: Arc<dyn Bus>) {
    let (sender, gateway) = (bus.gateway().await, bus.gateway().await);
    subscribe(&gateway, 7).await;
    for n in 1..=FLOOD {
        sender.presence.publish(presence_update(&sender, 7, n)).await;
    }
    let mut received = 0;
    loop {
        let update = next_presence(&gateway).await;
        received += 1;
        assert!(received < FLOOD, "the bus buffered every update");
        let people = update.boards.iter().flat_map(|it| &it.people);
        if people.flat_map(|it| &it.notes).any(|note| note.0 == uuid(FLOOD)) {
            return;
        }
    }
}
