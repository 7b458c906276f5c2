//! What gateways tell each other of people: quick, bounded, and never in the way of news.

use std::sync::Arc;

use sockbit_application::slot::Slot;

use super::Bus;
use super::fixtures::{
    announcement, assert_silent, hear_number, hear_presences, presences, subscribe, uuid,
};

/// More than any bus keeps for a gateway that does not look.
const FLOOD: u64 = 5_000;

pub async fn presence_arrives_as_it_was_told(bus: Arc<dyn Bus>) {
    let (teller, gateway) = (bus.gateway().await, bus.gateway().await);
    subscribe(&gateway, 7).await;
    teller.presence.publish(presences(&teller, 7, 1)).await;
    assert_eq!(hear_presences(&gateway).await, presences(&teller, 7, 1));
}

pub async fn presence_reaches_all_others_who_listen_and_nobody_else(bus: Arc<dyn Bus>) {
    let teller = bus.gateway().await;
    let (a, b, c) = (bus.gateway().await, bus.gateway().await, bus.gateway().await);
    for (gateway, slots) in [(&a, &[1, 2][..]), (&b, &[2]), (&c, &[3])] {
        for slot in slots {
            subscribe(gateway, *slot).await;
        }
    }

    for slot in [1, 2, 0] {
        teller.presence.publish(presences(&teller, slot, 1)).await;
    }

    assert_eq!(hear_presences(&a).await.slot, Slot(1));
    assert_eq!(hear_presences(&a).await.slot, Slot(2));
    assert_eq!(hear_presences(&b).await.slot, Slot(2));
    for gateway in [&a, &b, &c] {
        assert_silent("presence", gateway.presence.next_update()).await;
        assert_silent("news", gateway.announcements.next()).await;
    }
}

pub async fn after_unlistening_no_presence_arrives(bus: Arc<dyn Bus>) {
    let (teller, gateway) = (bus.gateway().await, bus.gateway().await);
    subscribe(&gateway, 7).await;
    subscribe(&gateway, 8).await;

    gateway.announcements.unsubscribe(Slot(7)).await.expect("the bus is there");
    teller.presence.publish(presences(&teller, 7, 1)).await;
    teller.presence.publish(presences(&teller, 8, 2)).await;

    assert_eq!(hear_presences(&gateway).await.slot, Slot(8), "it is listened to still");
    assert_silent("presence", gateway.presence.next_update()).await;
}

pub async fn a_flood_of_presence_costs_no_news(bus: Arc<dyn Bus>) {
    let (teller, gateway) = (bus.gateway().await, bus.gateway().await);
    let worker = bus.worker().await;
    subscribe(&gateway, 7).await;
    for n in 1..=FLOOD {
        teller.presence.publish(presences(&teller, 7, n)).await;
        if n % 50 == 0 {
            let announcement = announcement(7, n);
            worker.announcer.announce(vec![announcement]).await.expect("the bus is there");
        }
    }
    for n in (1..=FLOOD).filter(|n| n % 50 == 0) {
        assert_eq!(hear_number(&gateway).await, n, "every one, in order, and no word of a loss");
    }
}

pub async fn who_does_not_hear_presence_has_only_the_latest(bus: Arc<dyn Bus>) {
    let (teller, gateway) = (bus.gateway().await, bus.gateway().await);
    subscribe(&gateway, 7).await;
    for n in 1..=FLOOD {
        teller.presence.publish(presences(&teller, 7, n)).await;
    }
    let mut heard = 0;
    loop {
        let presences = hear_presences(&gateway).await;
        heard += 1;
        assert!(heard < FLOOD, "everything was kept for it");
        let people = presences.boards.iter().flat_map(|it| &it.people);
        if people.flat_map(|it| &it.notes).any(|note| note.0 == uuid(FLOOD)) {
            return;
        }
    }
}
