//! Subscriptions to the slots of joined boards.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use super::*;
use crate::test_fixtures::{board_id, position};

fn slot(board: u64) -> Slot {
    Slot::of(board_id(board))
}

/// The first so many boards in the slot of board 1.
fn boards_in_slot(count: usize) -> Vec<u64> {
    (1..10_000).filter(|board| slot(*board) == slot(1)).take(count).collect()
}

/// The number of subscription requests for each slot.
type RequestCounts = Arc<Mutex<HashMap<Slot, usize>>>;

/// A fixture in which a subscription to the slot of board 1 takes a permit of the gate. If the gate
/// is closed, the subscription fails.
fn fixture_with_gate() -> (GatewayFixture, Arc<Semaphore>, RequestCounts) {
    let (gate, requests) = (Arc::new(Semaphore::new(0)), RequestCounts::default());
    let (permits, counts) = (Arc::clone(&gate), Arc::clone(&requests));
    let slot_1 = slot(1);
    let mut builder = FixtureBuilder::replying(|_| admitted(position(1)));
    builder.subscribe = Box::new(move |slot| {
        *locked(&counts).entry(slot).or_default() += 1;
        let permits = Arc::clone(&permits);
        Box::pin(async move {
            if slot == slot_1 {
                permits.acquire().await.map_err(|_| no_bus())?.forget();
            }
            Ok(())
        })
    });
    (builder.start(), gate, requests)
}

/// Starts a join in its own task.
fn spawn_join(client: &TestClient, board: u64) -> JoinHandle<()> {
    let session = Arc::clone(&client.session);
    let message = json(&join(board_id(board), Some(position(1))));
    tokio::spawn(async move { handle(&session, &message).await })
}

async fn receive_joined(client: &mut TestClient) {
    client.receive_welcome().await;
    let message = client.receive().await;
    assert!(matches!(message, ServerMessage::Joined { .. }), "{message:?}");
}

#[tokio::test]
async fn a_pending_subscription_does_not_delay_other_slots() {
    let (fixture, gate, _) = fixture_with_gate();
    let other = (2..1_000).find(|board| slot(*board) != slot(1)).expect("there are 256");
    let (mut waiting, mut passing) = (fixture.client(1), fixture.client(2));
    let pending = spawn_join(&waiting, 1);
    tokio::task::yield_now().await;

    let joined = timeout(DEADLINE, spawn_join(&passing, other)).await;
    joined.expect("it does not wait").expect("it does not panic");
    receive_joined(&mut passing).await;

    assert!(!pending.is_finished());
    gate.add_permits(1);
    receive_joined(&mut waiting).await;
}

#[tokio::test]
async fn concurrent_joins_in_one_slot_share_one_subscription() {
    let (fixture, gate, requests) = fixture_with_gate();
    let boards = boards_in_slot(5);
    let mut clients: Vec<_> = (1..=5).map(|n| fixture.client(n)).collect();
    let joins: Vec<_> =
        clients.iter().zip(&boards).map(|(client, board)| spawn_join(client, *board)).collect();
    tokio::task::yield_now().await;
    assert!(joins.iter().all(|it| !it.is_finished()), "no join completes before the subscription");

    gate.add_permits(1);

    for client in &mut clients {
        receive_joined(client).await;
    }
    assert_eq!(locked(&requests).get(&slot(1)), Some(&1));
}

#[tokio::test]
async fn after_a_failed_subscription_all_waiting_joins_get_again_and_the_next_one_retries() {
    let attempts = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&attempts);
    let mut builder = FixtureBuilder::replying(|_| admitted(position(1)));
    builder.subscribe = Box::new(move |_| {
        let result = match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Err(no_bus()),
            _ => Ok(()),
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            result
        })
    });
    let fixture = builder.start();
    let mut clients = [fixture.client(1), fixture.client(2)];
    for pending in [spawn_join(&clients[0], 1), spawn_join(&clients[1], 1)] {
        pending.await.expect("it does not panic");
    }
    for client in &mut clients {
        client.receive_welcome().await;
        assert!(matches!(client.receive().await, ServerMessage::Again { .. }));
    }
    assert_eq!(attempts.load(Ordering::Relaxed), 1, "they shared one attempt");

    let [client, _] = &mut clients;
    client.send(join(board_id(1), Some(position(1)))).await;
    assert!(matches!(client.receive().await, ServerMessage::Joined { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_arrived_although_it_failed_is_removed_later() {
    let (fixture, gate, _) = fixture_with_gate();
    let mut client = fixture.client(1);
    client.receive_welcome().await;
    // The bus has the subscription; only its confirmation is lost.
    locked(&fixture.slots).push(slot(1));
    gate.close();
    client.send(join(board_id(1), Some(position(1)))).await;
    assert!(matches!(client.receive().await, ServerMessage::Again { .. }));
    tokio::time::sleep(fixture.gateway.settings.heads_every * 2).await;
    assert!(locked(&fixture.slots).is_empty());
}

/// Joins and leaves a board many times. Whenever it has joined, the slot is subscribed.
async fn join_and_leave(fixture: Arc<GatewayFixture>, n: u64, board: u64) {
    let mut client = fixture.client(n);
    client.receive_welcome().await;
    for _ in 0..2_000 {
        client.send(join(board_id(board), Some(position(1)))).await;
        assert!(matches!(client.receive().await, ServerMessage::Joined { .. }));
        assert!(
            locked(&fixture.slots).contains(&slot(board)),
            "it has joined but receives nothing"
        );
        client.send(ClientMessage::Leave { board: board_id(board) }).await;
        assert!(matches!(client.receive().await, ServerMessage::Left { .. }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joined_board_is_subscribed_despite_concurrent_clean_ups() {
    let mut builder = FixtureBuilder::replying(|_| admitted(position(1)));
    builder.settings.messages_burst = 1_000_000;
    let fixture = Arc::new(builder.start());
    let hub = Arc::clone(&fixture.gateway.hub);
    let clean_ups = tokio::spawn(async move {
        loop {
            hub.clean_up().await;
            tokio::task::yield_now().await;
        }
    });
    let boards = boards_in_slot(3).into_iter().zip(1..);
    let clients: Vec<_> = boards
        .map(|(board, n)| tokio::spawn(join_and_leave(Arc::clone(&fixture), n, board)))
        .collect();
    for client in clients {
        client.await.expect("joined boards are subscribed");
    }
    clean_ups.abort();
}
