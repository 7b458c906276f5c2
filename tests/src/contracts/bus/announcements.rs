//! Events and outcomes on their way from workers to gateways.

use std::sync::Arc;

use sockbit_application::envelope::Announcement;
use sockbit_application::ports::Incoming;
use sockbit_application::slot::Slot;
use sockbit_domain::{Outcome, Rejection, RejectionCode};

use super::fixtures::{
    announcement, answered, assert_silent, command, event, head, hear, hear_announcement,
    hear_answers, hear_number, saved, send, subscribe, take_commands, within_deadline,
};
use super::{Bus, GatewayPorts, WorkerPorts};

/// More than any bus keeps for a gateway that does not read.
const FLOOD: u64 = 20_000;

async fn announce(worker: &WorkerPorts, slot: u8, number: u64) {
    worker.announcer.announce(vec![announcement(slot, number)]).await.expect("the bus is there");
}

pub async fn an_announcement_arrives_as_it_was_made(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    let events = (1..=50).flat_map(|n| announcement(7, n).events).collect();
    let made = Announcement { slot: Slot(7), events };

    worker.announcer.announce(vec![made.clone()]).await.expect("the bus is there");

    assert_eq!(hear_announcement(&gateway).await, made);
}

pub async fn an_announcement_reaches_all_who_listen_and_nobody_else(bus: Arc<dyn Bus>) {
    let worker = bus.worker().await;
    let (a, b, c) = (bus.gateway().await, bus.gateway().await, bus.gateway().await);
    for (gateway, slots) in [(&a, &[1, 2][..]), (&b, &[2]), (&c, &[3])] {
        for slot in slots {
            subscribe(gateway, *slot).await;
        }
    }

    let batch = vec![announcement(1, 1), announcement(2, 2), announcement(0, 3)];
    worker.announcer.announce(batch).await.expect("the bus is there");

    assert_eq!((hear_number(&a).await, hear_number(&a).await), (1, 2));
    assert_eq!(hear_number(&b).await, 2);
    for gateway in [&a, &b, &c] {
        assert_silent("news", gateway.announcements.next()).await;
    }
}

pub async fn listening_holds_when_it_returns(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    for slot in 0..=255 {
        subscribe(&gateway, slot).await;
        announce(&worker, slot, slot.into()).await;
    }
    for slot in 0..=255 {
        assert_eq!(hear_announcement(&gateway).await, announcement(slot, slot.into()));
    }
}

pub async fn listening_twice_is_once(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    subscribe(&gateway, 7).await;
    announce(&worker, 7, 1).await;
    assert_eq!(hear_number(&gateway).await, 1);
    assert_silent("the same news", gateway.announcements.next()).await;

    gateway.announcements.unsubscribe(Slot(7)).await.expect("the bus is there");
    announce(&worker, 7, 2).await;
    assert_silent("news", gateway.announcements.next()).await;
}

pub async fn after_unlistening_nothing_more_arrives(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    subscribe(&gateway, 8).await;
    announce(&worker, 7, 1).await;
    assert_eq!(hear_number(&gateway).await, 1);

    gateway.announcements.unsubscribe(Slot(7)).await.expect("the bus is there");
    announce(&worker, 7, 2).await;
    announce(&worker, 8, 3).await;

    assert_eq!(hear_number(&gateway).await, 3, "the other slot is listened to still");
    assert_silent("news", gateway.announcements.next()).await;
    subscribe(&gateway, 7).await;
    announce(&worker, 7, 4).await;
    assert_eq!(hear_number(&gateway).await, 4);
}

pub async fn news_of_a_slot_arrive_in_order(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    for n in 1..=300 {
        announce(&worker, 7, n).await;
    }
    for n in 1..=300 {
        assert_eq!(hear_number(&gateway).await, n);
    }
    assert_silent("news", gateway.announcements.next()).await;
}

pub async fn answers_reach_the_gateway_that_sent_and_no_other(bus: Arc<dyn Bus>) {
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
    let answers: Vec<_> =
        taken.iter().zip(outcomes).map(|(command, outcome)| answered(command, outcome)).collect();

    worker.announcer.send_outcomes(answers.clone()).await.expect("the bus is there");

    for (gateway, own) in [(&a, answers.get(..4)), (&b, answers.get(4..))] {
        assert_eq!(Some(&*hear_answers(gateway).await), own);
        assert_silent("an answer", gateway.announcements.next()).await;
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
            worker.announcer.send_outcomes(vec![saved(command)]).await.expect("the bus is there");
        }
        let tags = deliveries.iter().map(|it| it.tag).collect();
        worker.work.acknowledge(tags).await.expect("the bus is there");
    }
    for (own, gateway) in (1..).zip(&gateways) {
        assert_hears_all_and_one_answer(gateway, own).await;
    }
}

async fn assert_hears_all_and_one_answer(gateway: &GatewayPorts, own: u64) {
    let (mut announced, mut answers) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        match hear(gateway).await {
            Incoming::Announcement(it) => {
                announced.extend(it.events.iter().map(|it| it.event.seq.0));
            }
            Incoming::Outcomes(it) => answers.extend(it),
            Incoming::Interrupted => panic!("nothing was interrupted"),
        }
    }
    announced.sort_unstable();
    assert_eq!(announced, [1, 2, 3, 4]);
    assert_eq!(answers, [saved(&command(gateway, 1, own))]);
    assert_silent("news", gateway.announcements.next()).await;
}

pub async fn who_does_not_read_is_interrupted_and_then_goes_on(bus: Arc<dyn Bus>) {
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    subscribe(&gateway, 7).await;
    for n in 1..=FLOOD {
        announce(&worker, 7, n).await;
    }
    let (mut kept, mut interruptions) = (0, 0);
    while kept == 0 || interruptions == 0 {
        match hear(&gateway).await {
            Incoming::Announcement(it) if it.events.iter().any(|it| it.event.seq.0 == FLOOD) => {
                assert!(interruptions > 0, "what is missing was not spoken of");
                kept += 1;
            }
            Incoming::Announcement(_) => kept += 1,
            Incoming::Outcomes(_) => panic!("nothing was sent"),
            Incoming::Interrupted => interruptions += 1,
        }
        assert!(kept < FLOOD, "everything was kept for it");
    }
    announce(&worker, 7, FLOOD + 1).await;
    while !is_event(&hear(&gateway).await, FLOOD + 1) {}
}

fn is_event(news: &Incoming, number: u64) -> bool {
    let Incoming::Announcement(announcement) = news else { return false };
    announcement.events.iter().any(|it| it.event == event(number))
}

pub async fn who_does_not_read_hinders_nobody(bus: Arc<dyn Bus>) {
    let (sleeper, reader) = (bus.gateway().await, bus.gateway().await);
    let worker = bus.worker().await;
    subscribe(&sleeper, 7).await;
    subscribe(&reader, 7).await;
    for n in 1..=FLOOD {
        announce(&worker, 7, n).await;
        assert_eq!(hear_number(&reader).await, n);
    }
}
