//! Clauses about announcements and outcomes, from workers to gateways.

use std::sync::Arc;

use sockbit_application::bus_messages::Announcement;
use sockbit_application::ports::Incoming;
use sockbit_application::slot::Slot;
use sockbit_domain::{Outcome, Rejection, RejectionCode};

use super::fixtures::{
    announcement, assert_silent, command, event, head, next_announcement, next_incoming,
    next_number, next_outcomes, outcome_of, saved, send, subscribe, take_commands, within_deadline,
};
use super::{Bus, GatewayPorts, WorkerPorts};

/// More than any bus buffers for a gateway that does not read.
const FLOOD: u64 = 20_000;

async fn announce(worker: &WorkerPorts, slot: u8, number: u64) {
    worker
        .announcer
        .publish(vec![announcement(slot, number)], Vec::new())
        .await
        .expect("the bus is available");
}

pub async fn an_announcement_arrives_unchanged(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    let events = (1..=50).flat_map(|n| announcement(7, n).events).collect();
    let sent = Announcement { slot: Slot(7), events };

    worker.announcer.publish(vec![sent.clone()], Vec::new()).await.expect("the bus is available");

    assert_eq!(next_announcement(&gateway).await, sent);
}

pub async fn an_announcement_reaches_exactly_the_subscribers(bus: Arc<dyn Bus>) {
    let worker = bus.worker().await;
    let (a, b, c) = (bus.gateway().await, bus.gateway().await, bus.gateway().await);
    for (gateway, slots) in [(&a, &[1, 2][..]), (&b, &[2]), (&c, &[3])] {
        for slot in slots {
            subscribe(gateway, *slot).await;
        }
    }

    let batch = vec![announcement(1, 1), announcement(2, 2), announcement(0, 3)];
    worker.announcer.publish(batch, Vec::new()).await.expect("the bus is available");

    assert_eq!((next_number(&a).await, next_number(&a).await), (1, 2));
    assert_eq!(next_number(&b).await, 2);
    for gateway in [&a, &b, &c] {
        assert_silent("an announcement", gateway.announcements.next()).await;
    }
}

pub async fn a_subscription_is_active_when_subscribe_returns(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for slot in 0..=255 {
        subscribe(&gateway, slot).await;
        announce(&worker, slot, slot.into()).await;
    }
    for slot in 0..=255 {
        assert_eq!(next_announcement(&gateway).await, announcement(slot, slot.into()));
    }
}

pub async fn subscribing_twice_is_idempotent(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    subscribe(&gateway, 7).await;
    announce(&worker, 7, 1).await;
    assert_eq!(next_number(&gateway).await, 1);
    assert_silent("a second copy", gateway.announcements.next()).await;

    gateway.announcements.unsubscribe(Slot(7)).await.expect("the bus is available");
    announce(&worker, 7, 2).await;
    assert_silent("an announcement", gateway.announcements.next()).await;
}

pub async fn no_announcement_arrives_after_unsubscribing(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    subscribe(&gateway, 8).await;
    announce(&worker, 7, 1).await;
    assert_eq!(next_number(&gateway).await, 1);

    gateway.announcements.unsubscribe(Slot(7)).await.expect("the bus is available");
    announce(&worker, 7, 2).await;
    announce(&worker, 8, 3).await;

    assert_eq!(next_number(&gateway).await, 3, "the other subscription is still active");
    assert_silent("an announcement", gateway.announcements.next()).await;
    subscribe(&gateway, 7).await;
    announce(&worker, 7, 4).await;
    assert_eq!(next_number(&gateway).await, 4);
}

pub async fn announcements_of_a_slot_arrive_in_order(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    for n in 1..=300 {
        announce(&worker, 7, n).await;
    }
    for n in 1..=300 {
        assert_eq!(next_number(&gateway).await, n);
    }
    assert_silent("an announcement", gateway.announcements.next()).await;
}

pub async fn announcements_and_outcomes_arrive_in_the_order_of_the_calls(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    send(&gateway, vec![command(&gateway, 1, 1)]).await;
    let taken = take_commands(&*worker.work, 1).await;
    let outcome = saved(taken.first().expect("the command was taken"));
    let mut confirms = Vec::new();
    for n in 1..=100 {
        confirms.push(worker.announcer.publish(vec![announcement(7, n)], Vec::new()));
        confirms.push(worker.announcer.publish(Vec::new(), vec![outcome.clone()]));
    }
    for confirm in confirms.into_iter().rev() {
        within_deadline("a confirm", confirm).await.expect("the bus is available");
    }

    for n in 1..=100 {
        assert_eq!(next_number(&gateway).await, n);
        assert_eq!(next_outcomes(&gateway).await, std::slice::from_ref(&outcome));
    }
}

pub async fn an_announcement_whose_confirm_is_dropped_arrives(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    drop(worker.announcer.publish(vec![announcement(7, 1)], Vec::new()));
    assert_eq!(next_number(&gateway).await, 1);
}

pub async fn outcomes_reach_exactly_the_gateway_that_sent_the_command(bus: Arc<dyn Bus>) {
    let (a, b, worker) = (bus.gateway().await, bus.gateway().await, bus.worker().await);
    send(&a, (1..=4).map(|n| command(&a, 1, n)).collect()).await;
    send(&b, vec![command(&b, 1, 9)]).await;
    let taken = take_commands(&*worker.work, 5).await;
    let rejection = Rejection::new(RejectionCode::TextTooLong, "\"too\" long\n\u{2028}");
    let outcomes = [
        Some(Outcome::Saved { position: head(1) }),
        Some(Outcome::Unchanged { position: head(2) }),
        Some(Outcome::Rejected(rejection)),
        None,
        Some(Outcome::Saved { position: head(9) }),
    ];
    let outcomes: Vec<_> =
        taken.iter().zip(outcomes).map(|(command, outcome)| outcome_of(command, outcome)).collect();

    worker.announcer.publish(Vec::new(), outcomes.clone()).await.expect("the bus is available");

    for (gateway, own) in [(&a, outcomes.get(..4)), (&b, outcomes.get(4..))] {
        assert_eq!(Some(&*next_outcomes(gateway).await), own);
        assert_silent("an outcome", gateway.announcements.next()).await;
    }
}

pub async fn events_and_outcomes_of_one_call_reach_their_receivers(bus: Arc<dyn Bus>) {
    let (both, subscriber, sender) =
        (bus.gateway().await, bus.gateway().await, bus.gateway().await);
    let worker = bus.worker().await;
    let (first, second) = (command(&both, 1, 1), command(&sender, 1, 2));
    let slot = Slot::of(first.board).0;
    subscribe(&both, slot).await;
    subscribe(&subscriber, slot).await;
    send(&both, vec![first.clone()]).await;
    send(&sender, vec![second.clone()]).await;
    take_commands(&*worker.work, 2).await;

    let outcomes = vec![saved(&first), saved(&second)];
    let publishing = worker.announcer.publish(vec![announcement(slot, 1)], outcomes);
    publishing.await.expect("the bus is available");

    assert_eq!(next_announcement(&both).await, announcement(slot, 1));
    assert_eq!(next_outcomes(&both).await, [saved(&first)]);
    assert_eq!(next_announcement(&subscriber).await, announcement(slot, 1));
    assert_eq!(next_outcomes(&sender).await, [saved(&second)]);
    for gateway in [&both, &subscriber, &sender] {
        assert_silent("another message", gateway.announcements.next()).await;
    }
}

pub async fn every_worker_reaches_every_gateway(bus: Arc<dyn Bus>) {
    let mut gateways = Vec::new();
    for n in 1..=4 {
        let gateway = bus.gateway().await;
        subscribe(&gateway, 7).await;
        send(&gateway, vec![command(&gateway, 1, n)]).await;
        gateways.push(gateway);
    }
    for _ in &gateways {
        let worker = bus.worker().await;
        let taken = within_deadline("a delivery", worker.work.take(1)).await;
        let deliveries = taken.expect("the bus is open");
        let commands = deliveries.iter().flat_map(|it| &it.commands);
        for command in commands {
            let number = super::fixtures::number(command);
            announce(&worker, 7, number).await;
            worker
                .announcer
                .publish(Vec::new(), vec![saved(command)])
                .await
                .expect("the bus is available");
        }
        let tags = deliveries.iter().map(|it| it.tag).collect();
        worker.work.acknowledge(tags).await.expect("the bus is available");
    }
    for (own, gateway) in (1..).zip(&gateways) {
        assert_all_events_and_one_outcome(gateway, own).await;
    }
}

async fn assert_all_events_and_one_outcome(gateway: &GatewayPorts, own: u64) {
    let (mut announced, mut outcomes) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        match next_incoming(gateway).await {
            Incoming::Announcement(it) => {
                announced.extend(it.events.iter().map(|it| it.event.seq.0));
            }
            Incoming::Outcomes(it) => outcomes.extend(it),
            Incoming::Interrupted => panic!("an unexpected interruption"),
        }
    }
    announced.sort_unstable();
    assert_eq!(announced, [1, 2, 3, 4]);
    assert_eq!(outcomes, [saved(&command(gateway, 1, own))]);
    assert_silent("an announcement", gateway.announcements.next()).await;
}

pub async fn a_gateway_that_does_not_read_is_interrupted_and_then_resumes(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    for n in 1..=FLOOD {
        announce(&worker, 7, n).await;
    }
    let (mut received, mut interruptions) = (0, 0);
    while received == 0 || interruptions == 0 {
        match next_incoming(&gateway).await {
            Incoming::Announcement(it) if it.events.iter().any(|it| it.event.seq.0 == FLOOD) => {
                assert!(interruptions > 0, "the loss was not reported");
                received += 1;
            }
            Incoming::Announcement(_) => received += 1,
            Incoming::Outcomes(_) => panic!("unexpected outcomes"),
            Incoming::Interrupted => interruptions += 1,
        }
        assert!(received < FLOOD, "the bus buffered every announcement");
    }
    announce(&worker, 7, FLOOD + 1).await;
    while !is_event(&next_incoming(&gateway).await, FLOOD + 1) {}
}

fn is_event(incoming: &Incoming, number: u64) -> bool {
    let Incoming::Announcement(announcement) = incoming else { return false };
    announcement.events.iter().any(|it| it.event == event(number))
}

pub async fn a_gateway_that_does_not_read_does_not_block_other_gateways(bus: Arc<dyn Bus>) {
    let (stalled, reader) = (bus.gateway().await, bus.gateway().await);
    let worker = bus.worker().await;
    subscribe(&stalled, 7).await;
    subscribe(&reader, 7).await;
    for n in 1..=FLOOD {
        announce(&worker, 7, n).await;
        assert_eq!(next_number(&reader).await, n);
    }
}
