//! Listening to the slots of the boards that somebody looks at.

use std::collections::HashMap as Map;

use tokio::sync::Semaphore;

use super::*;
use crate::testing::{board_id, position};

fn slot(board: u64) -> Slot {
    Slot::of(board_id(board))
}

/// The first so many boards that are in the same slot as board 1.
fn neighbours(count: usize) -> Vec<u64> {
    (1..10_000).filter(|board| slot(*board) == slot(1)).take(count).collect()
}

/// How often each slot was asked for.
type Asked = Arc<Mutex<Map<Slot, usize>>>;

/// A house that listens to the slot of board 1 only once the gate lets it, and how often it asked
/// for each slot. What the gate takes with it when it is closed fails.
fn house_with_gate() -> (House, Arc<Semaphore>, Asked) {
    let (gate, asked) = (Arc::new(Semaphore::new(0)), Asked::default());
    let (opens, counts) = (Arc::clone(&gate), Arc::clone(&asked));
    let mut surroundings = Surroundings::answering(|_| admitted(position(1)));
    surroundings.listening = Box::new(move |wanted| {
        *locked(&counts).entry(wanted).or_default() += 1;
        let opens = Arc::clone(&opens);
        Box::pin(async move {
            if wanted == slot(1) {
                opens.acquire().await.map_err(|_| no_bus())?.forget();
            }
            Ok(())
        })
    });
    (surroundings.house(), gate, asked)
}

/// Begins to join, from a task of its own.
fn joining(client: &Client, board: u64) -> JoinHandle<()> {
    let session = Arc::clone(&client.session);
    let message = join(board_id(board), Some(position(1))).to_json().expect("it is JSON");
    tokio::spawn(async move { session.receive(&message).await })
}

async fn hears_that_it_joined(client: &mut Client) {
    client.hears_the_welcome().await;
    let told = client.hear().await;
    assert!(matches!(told, ServerMessage::Joined { .. }), "{told:?}");
}

#[tokio::test]
async fn who_waits_for_one_slot_keeps_nobody_from_another() {
    let (house, gate, _) = house_with_gate();
    let other = (2..1_000).find(|board| slot(*board) != slot(1)).expect("there are 256");
    let (mut waiting, mut passing) = (house.client(1), house.client(2));
    let begun = joining(&waiting, 1);
    tokio::task::yield_now().await;

    let joined = timeout(DEADLINE, joining(&passing, other)).await;
    joined.expect("it waits for nobody").expect("it does not panic");
    hears_that_it_joined(&mut passing).await;

    assert!(!begun.is_finished());
    gate.add_permits(1);
    hears_that_it_joined(&mut waiting).await;
}

#[tokio::test]
async fn a_slot_is_listened_to_once_for_all_who_open_boards_in_it() {
    let (house, gate, asked) = house_with_gate();
    let boards = neighbours(5);
    let mut clients: Vec<_> = (1..=5).map(|n| house.client(n)).collect();
    let begun: Vec<_> =
        clients.iter().zip(&boards).map(|(client, board)| joining(client, *board)).collect();
    tokio::task::yield_now().await;
    assert!(begun.iter().all(|it| !it.is_finished()), "nobody joins before it stands");

    gate.add_permits(1);

    for client in &mut clients {
        hears_that_it_joined(client).await;
    }
    assert_eq!(locked(&asked).get(&slot(1)), Some(&1));
}

#[tokio::test]
async fn who_waits_for_a_listen_that_fails_hears_so_and_the_next_tries_again() {
    let tries = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&tries);
    let mut surroundings = Surroundings::answering(|_| admitted(position(1)));
    surroundings.listening = Box::new(move |_| {
        let result = match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Err(no_bus()),
            _ => Ok(()),
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            result
        })
    });
    let house = surroundings.house();
    let mut clients = [house.client(1), house.client(2)];
    for begun in [joining(&clients[0], 1), joining(&clients[1], 1)] {
        begun.await.expect("it does not panic");
    }
    for client in &mut clients {
        client.hears_the_welcome().await;
        assert!(matches!(client.hear().await, ServerMessage::Again { .. }));
    }
    assert_eq!(tries.load(Ordering::Relaxed), 1, "they waited for the same");

    let [client, _] = &mut clients;
    client.say(join(board_id(1), Some(position(1)))).await;
    assert!(matches!(client.hear().await, ServerMessage::Joined { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_listen_that_failed_and_was_heard_all_the_same_is_taken_back() {
    let (house, gate, _) = house_with_gate();
    let mut client = house.client(1);
    client.hears_the_welcome().await;
    // The bus heard, and only its word is lost.
    locked(&house.slots).push(slot(1));
    gate.close();
    client.say(join(board_id(1), Some(position(1)))).await;
    assert!(matches!(client.hear().await, ServerMessage::Again { .. }));
    tokio::time::sleep(house.gateway.settings.heads_every * 2).await;
    assert!(locked(&house.slots).is_empty());
}

/// Joins and leaves the board many times over; whenever it has joined, the slot is listened to.
async fn come_and_go(house: Arc<House>, who: u64, board: u64) {
    let mut client = house.client(who);
    client.hears_the_welcome().await;
    for _ in 0..2_000 {
        client.say(join(board_id(board), Some(position(1)))).await;
        assert!(matches!(client.hear().await, ServerMessage::Joined { .. }));
        assert!(locked(&house.slots).contains(&slot(board)), "it looks and hears nothing");
        client.say(ClientMessage::Leave { board: board_id(board) }).await;
        assert!(matches!(client.hear().await, ServerMessage::Left { .. }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_boards_are_opened_and_swept_who_looks_is_listened_for() {
    let mut surroundings = Surroundings::answering(|_| admitted(position(1)));
    surroundings.settings.messages_burst = 1_000_000;
    let house = Arc::new(surroundings.house());
    let hub = Arc::clone(&house.gateway.hub);
    let sweeping = tokio::spawn(async move {
        loop {
            hub.sweep().await;
            tokio::task::yield_now().await;
        }
    });
    let coming = neighbours(3).into_iter().zip(1..);
    let coming: Vec<_> = coming
        .map(|(board, who)| tokio::spawn(come_and_go(Arc::clone(&house), who, board)))
        .collect();
    for it in coming {
        it.await.expect("whoever looks is listened for");
    }
    sweeping.abort();
}
