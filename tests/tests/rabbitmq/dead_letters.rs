//! What was set aside is looked at, replayed or thrown away by a person.

use sockbit_application::ports::Work;
use sockbit_rabbitmq::{Desk, DeskError, Letter};
use sockbit_tests::contracts::bus::fixtures::{command, quiet, take_commands};
use sockbit_tests::system::eventually;
use sockbit_tests::vhost::Namespace;

use crate::support::ends;

/// The letters, once there are so many.
async fn letters(bus: &Namespace, count: usize) -> (Desk, Vec<Letter>) {
    eventually("dead letters", async || {
        let desk = Desk::open(bus.settings()).await.expect("the broker is there");
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
    worker.bury(poison.clone(), "it is poison".to_owned()).await.expect("it is set aside");
    bus.stranger().await.publish(bus.names().work(0), "commands", b"what?").await;

    for _ in 0..2 {
        let (desk, letters) = letters(&bus, 2).await;
        let [buried, garbage] = &letters[..] else { panic!("{}", letters.len()) };
        assert_eq!(buried.reason, "it is poison");
        assert!(buried.origin.contains(".work."), "{}", buried.origin);
        let commands = buried.commands.as_ref().expect("they can be read");
        assert!(commands.iter().map(|it| it.message).eq([poison.message]));
        assert!(garbage.reason.contains("no sealed message"), "{}", garbage.reason);
        assert_eq!(
            (garbage.bytes.as_slice(), &*garbage.origin),
            (&b"what?"[..], &*bus.names().work(0))
        );
        assert!(buried.seconds.is_some() && garbage.seconds.is_some());
        desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_command_comes_under_a_new_id_which_is_always_the_same() {
    let bus = Namespace::fresh();
    let (gateway, worker) = (bus.gateway().await, bus.worker().await);
    let poison = command(&ends(&gateway), 1, 7);
    let mut ids = Vec::new();
    for _ in 0..2 {
        worker.bury(poison.clone(), "it is poison".to_owned()).await.expect("it is set aside");
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
    let desk = Desk::open(bus.settings()).await.expect("the broker is there");
    assert!(desk.letters().await.expect("the broker obeys").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_not_replayed_and_can_be_thrown_away() {
    let bus = Namespace::fresh();
    let worker = bus.worker().await;
    bus.stranger().await.publish(bus.names().work(0), "commands", b"what?").await;
    let (desk, first) = letters(&bus, 1).await;
    let id = first[0].id.clone();
    desk.close().await;

    let desk = Desk::open(bus.settings()).await.expect("the broker is there");
    let replayed = desk.replay(desk.letter_with(&id).await.expect("it is there")).await;
    assert!(matches!(replayed, Err(DeskError::Unreadable(_))), "{replayed:?}");
    desk.close().await;
    let desk = Desk::open(bus.settings()).await.expect("the broker is there");
    desk.drop_letter(desk.letter_with(&id).await.expect("it is there")).await.expect("it is gone");
    desk.close().await;

    let desk = Desk::open(bus.settings()).await.expect("the broker is there");
    let missing = desk.letter_with(&id).await.err();
    assert_eq!(missing, Some(DeskError::Missing(id)));
    quiet("a command", worker.take(1)).await;
}
