//! What was set aside is looked at, replayed or thrown away by a person.

use futures::StreamExt;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicNackOptions};
use lapin::types::FieldTable;
use sockbit_application::envelope::CommandEnvelope;
use sockbit_application::ports::{Commands, WorkQueue};
use sockbit_application::seal::MessageKind;
use sockbit_application::trace::TraceId;
use sockbit_rabbitmq::{DeadLetter, DeadLetterAdmin, DeadLetterAdminError, Settings};
use sockbit_tests::contracts::bus::fixtures::{
    assert_silent, command, take_commands, uuid, within_deadline,
};
use sockbit_tests::rabbitmq_namespace::{Namespace, RawClient, keys};
use sockbit_tests::system::eventually;

use crate::support::ends;

/// The letters, once there are so many.
async fn letters(bus: &Namespace, count: usize) -> (DeadLetterAdmin, Vec<DeadLetter>) {
    letters_with(&bus.settings(), count).await
}

async fn letters_with(settings: &Settings, count: usize) -> (DeadLetterAdmin, Vec<DeadLetter>) {
    eventually("dead letters", async || {
        let desk = DeadLetterAdmin::open(settings.clone()).await.expect("the broker is there");
        let letters = desk.letters().await.expect("the broker obeys");
        if letters.len() < count {
            desk.close().await;
            return None;
        }
        Some((desk, letters))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_listed_with_their_reasons_and_stay() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let poison = command(&ends(&gateway), 1, 7);
    worker.dead_letter(poison.clone(), "it is poison".to_owned()).await.expect("it is set aside");
    bus.raw_client().await.publish(bus.names().work(0), "commands", b"what?").await;

    for _ in 0..2 {
        let (desk, letters) = letters(&bus, 2).await;
        let [dead_letters, garbage] = &letters[..] else { panic!("{}", letters.len()) };
        assert_eq!(dead_letters.reason, "it is poison");
        assert!(dead_letters.origin.contains(".work."), "{}", dead_letters.origin);
        let commands = dead_letters.commands.as_ref().expect("they can be read");
        assert!(commands.iter().map(|it| it.message).eq([poison.message]));
        assert!(garbage.reason.contains("no sealed message"), "{}", garbage.reason);
        assert_eq!(
            (garbage.bytes.as_slice(), &*garbage.origin),
            (&b"what?"[..], &*bus.names().work(0))
        );
        assert!(dead_letters.seconds.is_some() && garbage.seconds.is_some());
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_failed_is_replayed_under_a_new_id_however_often_it_was_sent() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let mut poison = command(&ends(&gateway), 1, 7);
    let mut ids = Vec::new();
    for trace in 1..=2 {
        poison.trace = TraceId(uuid(trace));
        worker
            .dead_letter(poison.clone(), "it is poison".to_owned())
            .await
            .expect("it is set aside");
        let (desk, letters) = letters(&bus, 1).await;
        let letter = letters.into_iter().next().expect("one");
        ids.extend(desk.replay(letter).await.expect("it is replayed"));
        desk.close().await;

        let taken = take_commands(&*worker, 1).await;
        assert_eq!(taken[0].message, *ids.last().expect("one"));
        assert_eq!((taken[0].board, taken[0].body.get()), (poison.board, poison.body.get()));
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], poison.message);
    let desk = DeadLetterAdmin::open(bus.settings()).await.expect("the broker is there");
    assert!(desk.letters().await.expect("the broker obeys").is_empty());
}

/// Replays the only letter, and gives what comes of it.
async fn replayed(bus: &Namespace, settings: &Settings) -> CommandEnvelope {
    let (desk, letters) = letters_with(settings, 1).await;
    let letter = letters.into_iter().next().expect("one");
    let ids = desk.replay(letter).await.expect("it is replayed");
    desk.close().await;
    let taken = take_commands(&*bus.worker().await, 1).await.remove(0);
    assert_eq!(ids, [taken.message]);
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_could_not_be_read_then_is_replayed_under_its_own_id() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let sent = command(&ends(&gateway), 1, 7);
    let sealed = keys(&[2]).seal(MessageKind::Commands, &[&sent]).expect("it is JSON");
    bus.raw_client().await.publish(bus.names().work(0), "commands", &sealed).await;
    letters(&bus, 1).await.0.close().await;
    worker.close().await;

    let taken = replayed(&bus, &bus.settings_with_keys(keys(&[1, 2]))).await;

    assert_eq!(taken.message, sent.message);
}

/// Takes the first message of a queue and gives it back, until the broker gives it up.
async fn give_back_until_it_is_given_up(raw_client: &RawClient, queue: String) {
    let (channel, nothing) = (&raw_client.channel, FieldTable::default());
    let options = BasicConsumeOptions::default();
    let consuming = channel.basic_consume(queue.into(), "me".into(), options, nothing);
    let mut messages = consuming.await.expect("the broker obeys");
    for _ in 0..=DELIVERIES_MAX {
        let message =
            within_deadline("a message", messages.next()).await.expect("the queue is there");
        let again = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        let tag = message.expect("the broker obeys").delivery_tag;
        channel.basic_nack(tag, again).await.expect("the broker obeys");
    }
    let cancelling = channel.basic_cancel("me".into(), BasicCancelOptions::default());
    cancelling.await.expect("the broker obeys");
}

/// After so many attempts the broker gives a message up.
const DELIVERIES_MAX: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_the_broker_gave_up_is_replayed_under_its_own_id() {
    let bus = Namespace::fresh().with_work_queues(1);
    let gateway = bus.gateway().await;
    let sent = command(&ends(&gateway), 1, 7);
    gateway.send(vec![sent.clone()]).await.expect("it is taken");
    give_back_until_it_is_given_up(&bus.raw_client().await, bus.names().work(0)).await;

    let taken = replayed(&bus, &bus.settings()).await;

    assert_eq!(taken.message, sent.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_not_replayed_and_can_be_thrown_away() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    bus.raw_client().await.publish(bus.names().work(0), "commands", b"what?").await;
    let (desk, first) = letters(&bus, 1).await;
    let id = first[0].id.clone();
    desk.close().await;

    let desk = DeadLetterAdmin::open(bus.settings()).await.expect("the broker is there");
    let replayed = desk.replay(desk.letter_with(&id).await.expect("it is there")).await;
    assert!(matches!(replayed, Err(DeadLetterAdminError::Unreadable(_))), "{replayed:?}");
    desk.close().await;
    let desk = DeadLetterAdmin::open(bus.settings()).await.expect("the broker is there");
    desk.drop_letter(desk.letter_with(&id).await.expect("it is there")).await.expect("it is gone");
    desk.close().await;

    let desk = DeadLetterAdmin::open(bus.settings()).await.expect("the broker is there");
    let missing = desk.letter_with(&id).await.err();
    assert_eq!(missing, Some(DeadLetterAdminError::Missing(id)));
    assert_silent("a command", worker.take(1)).await;
}
