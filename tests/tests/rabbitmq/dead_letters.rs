//! An operator lists, replays and discards dead letters.

use futures::StreamExt;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicNackOptions};
use lapin::types::FieldTable;
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::ports::{Commands, WorkQueue};
use sockbit_application::trace_id::TraceId;
use sockbit_rabbitmq::{DeadLetter, DeadLetterAdmin, DeadLetterAdminError, Settings};
use sockbit_tests::contracts::bus::fixtures::{
    assert_silent, command, take_commands, uuid, within_deadline,
};
use sockbit_tests::rabbitmq_namespace::{AmqpClient, Namespace, keys};
use sockbit_tests::system::eventually;

use crate::endpoint_helpers::ports;

/// Waits for this many dead letters.
async fn letters(bus: &Namespace, count: usize) -> (DeadLetterAdmin, Vec<DeadLetter>) {
    letters_with(&bus.settings(), count).await
}

async fn letters_with(settings: &Settings, count: usize) -> (DeadLetterAdmin, Vec<DeadLetter>) {
    eventually("dead letters", async || {
        let admin = DeadLetterAdmin::open(settings.clone()).await.expect("the broker responds");
        let letters = admin.list().await.expect("the broker responds");
        if letters.len() < count {
            admin.close().await;
            return None;
        }
        Some((admin, letters))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_with_their_reasons_and_stay() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let poison = command(&ports(&gateway), 1, 7);
    worker
        .dead_letter(poison.clone(), "it is poison".to_owned())
        .await
        .expect("it is dead-lettered");
    bus.amqp_client().await.publish(bus.names().work(0), "commands", b"what?").await;

    for _ in 0..2 {
        let (admin, letters) = letters(&bus, 2).await;
        let [failed, garbage] = &letters[..] else { panic!("{}", letters.len()) };
        assert_eq!(failed.reason, "it is poison");
        assert!(failed.origin.contains(".work."), "{}", failed.origin);
        let commands = failed.commands.as_ref().expect("they are readable");
        assert!(commands.iter().map(|it| it.message).eq([poison.message]));
        assert!(garbage.reason.contains("no signed message"), "{}", garbage.reason);
        assert_eq!(
            (garbage.bytes.as_slice(), &*garbage.origin),
            (&b"what?"[..], &*bus.names().work(0))
        );
        assert!(failed.seconds.is_some() && garbage.seconds.is_some());
        admin.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_command_is_replayed_under_one_new_id_however_often_it_was_sent() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let mut poison = command(&ports(&gateway), 1, 7);
    let mut ids = Vec::new();
    for trace in 1..=2 {
        poison.trace = TraceId(uuid(trace));
        worker
            .dead_letter(poison.clone(), "it is poison".to_owned())
            .await
            .expect("it is dead-lettered");
        let (admin, letters) = letters(&bus, 1).await;
        let dead_letter = letters.into_iter().next().expect("one");
        ids.extend(admin.replay(dead_letter).await.expect("it is replayed"));
        admin.close().await;

        let taken = take_commands(&*worker, 1).await;
        assert_eq!(taken[0].message, *ids.last().expect("one"));
        assert_eq!((taken[0].board, taken[0].body.get()), (poison.board, poison.body.get()));
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], poison.message);
    let admin = DeadLetterAdmin::open(bus.settings()).await.expect("the broker responds");
    assert!(admin.list().await.expect("the broker responds").is_empty());
}

/// Replays the only dead letter and returns the command that is delivered.
async fn replay(bus: &Namespace, settings: &Settings) -> CommandEnvelope {
    let (admin, letters) = letters_with(settings, 1).await;
    let dead_letter = letters.into_iter().next().expect("one");
    let ids = admin.replay(dead_letter).await.expect("it is replayed");
    admin.close().await;
    let taken = take_commands(&*bus.worker().await, 1).await.remove(0);
    assert_eq!(ids, [taken.message]);
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_with_an_unknown_key_is_replayed_under_its_own_id() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let sent = command(&ports(&gateway), 1, 7);
    let signed = keys(&[2]).sign(MessageKind::Commands, &[&sent]).expect("valid JSON");
    bus.amqp_client().await.publish(bus.names().work(0), "commands", &signed).await;
    letters(&bus, 1).await.0.close().await;
    worker.close().await;

    let taken = replay(&bus, &bus.settings_with_keys(keys(&[1, 2]))).await;

    assert_eq!(taken.message, sent.message);
}

/// Requeues the first message of a queue until the broker dead-letters it.
async fn requeue_until_dead_lettered(amqp_client: &AmqpClient, queue: String) {
    let (channel, nothing) = (&amqp_client.channel, FieldTable::default());
    let options = BasicConsumeOptions::default();
    let consuming = channel.basic_consume(queue.into(), "me".into(), options, nothing);
    let mut messages = consuming.await.expect("the broker responds");
    for _ in 0..=DELIVERIES_MAX {
        let message =
            within_deadline("a message", messages.next()).await.expect("the queue exists");
        let again = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        let tag = message.expect("the broker responds").delivery_tag;
        channel.basic_nack(tag, again).await.expect("the broker responds");
    }
    let cancelling = channel.basic_cancel("me".into(), BasicCancelOptions::default());
    cancelling.await.expect("the broker responds");
}

/// The delivery limit of work queues.
const DELIVERIES_MAX: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_the_broker_dead_lettered_is_replayed_under_its_own_id() {
    let bus = Namespace::fresh().with_work_queues(1);
    let gateway = bus.gateway().await;
    let sent = command(&ports(&gateway), 1, 7);
    gateway.send(vec![sent.clone()]).await.expect("it is accepted");
    requeue_until_dead_lettered(&bus.amqp_client().await, bus.names().work(0)).await;

    let taken = replay(&bus, &bus.settings()).await;

    assert_eq!(taken.message, sent.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_message_cannot_be_replayed_and_can_be_discarded() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    bus.amqp_client().await.publish(bus.names().work(0), "commands", b"what?").await;
    let (admin, first) = letters(&bus, 1).await;
    let id = first[0].id.clone();
    admin.close().await;

    let admin = DeadLetterAdmin::open(bus.settings()).await.expect("the broker responds");
    let replayed = admin.replay(admin.find(&id).await.expect("it exists")).await;
    assert!(matches!(replayed, Err(DeadLetterAdminError::Unreadable(_))), "{replayed:?}");
    admin.close().await;
    let admin = DeadLetterAdmin::open(bus.settings()).await.expect("the broker responds");
    admin.discard(admin.find(&id).await.expect("it exists")).await.expect("it is discarded");
    admin.close().await;

    let admin = DeadLetterAdmin::open(bus.settings()).await.expect("the broker responds");
    let missing = admin.find(&id).await.err();
    assert_eq!(missing, Some(DeadLetterAdminError::Missing(id)));
    assert_silent("a command", worker.take(1)).await;
}
