//! Many clients that join in one turn share queries and calls to the store.

use std::time::Duration;

use sockbit_application::gateway::GatewaySettings;
use sockbit_domain::Position;
use sockbit_domain::wire::ServerMessage;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::*;

const MISSED_EVENTS: u64 = 4;

/// A cluster that accepts any number of connections of one person.
fn cluster_without_limits() -> Cluster {
    Cluster::with(&GatewaySettings {
        messages_per_second: 100_000,
        messages_burst: 100_000,
        connections_per_actor_max: 100_000,
        connections_per_address_max: 100_000,
        ..GatewaySettings::default()
    })
}

/// Creates boards, board n of person n, each with events after the returned position.
async fn create_boards(cluster: &Cluster, count: u64) -> Vec<(u64, Position)> {
    let mut boards = Vec::new();
    for n in 1..=count {
        let mut owner = cluster.client(&person(n));
        let start = saved(&owner.send(board_id(n), &create_board("Ideas")).await);
        for note in 1..=MISSED_EVENTS {
            saved(&owner.send(board_id(n), &create_note(note_id(note), "note")).await);
        }
        boards.push((n, start));
    }
    cluster.reads.take_calls();
    boards
}

/// The reply to a join.
async fn join(client: &mut TestClient, board: u64, position: Position) -> ServerMessage {
    client.join(board_id(board), Some(position)).await;
    let is_reply = |it: &ServerMessage| {
        matches!(it, ServerMessage::Joined { .. } | ServerMessage::Again { .. })
    };
    client.receive_where(is_reply).await
}

/// Joins one board each with a client of its owner, all at once. Returns the clients by board, each
/// with the reply.
async fn join_each(
    cluster: &Cluster,
    boards: &[(u64, Position)],
) -> Vec<(u64, TestClient, ServerMessage)> {
    let mut joins = JoinSet::new();
    for (board, position) in boards.iter().copied() {
        let mut client = cluster.client(&person(board));
        joins.spawn(async move {
            let reply = join(&mut client, board, position).await;
            (board, client, reply)
        });
    }
    let mut joined = joins.join_all().await;
    joined.sort_by_key(|(board, ..)| *board);
    joined
}

fn is_joined(reply: &ServerMessage) -> bool {
    matches!(reply, ServerMessage::Joined { .. })
}

fn is_again_for(reply: &ServerMessage, expected: u64) -> bool {
    matches!(reply, ServerMessage::Again { board, .. } if *board == Some(board_id(expected)))
}

#[tokio::test(start_paused = true)]
async fn five_thousand_joins_cost_tens_of_store_calls() {
    const BOARDS: u64 = 50;
    const CLIENTS_OF_A_BOARD: usize = 100;
    const CALLS_MAX: usize = 40;
    let cluster = cluster_without_limits();
    let boards = create_boards(&cluster, BOARDS).await;
    let joins: Vec<_> = std::iter::repeat_n(boards, CLIENTS_OF_A_BOARD).flatten().collect();

    let mut catching_up = JoinSet::new();
    for (_, mut client, reply) in join_each(&cluster, &joins).await {
        assert!(is_joined(&reply), "{reply:?}");
        catching_up.spawn(async move {
            let events = client.events_until(1 + MISSED_EVENTS).await;
            assert_eq!(numbers(&events), (2..=1 + MISSED_EVENTS).collect::<Vec<_>>());
            let rest = client.read_rest().await;
            assert!(!rest.iter().any(|it| event_of(it).is_some()), "{rest:?}");
        });
    }
    assert_eq!(catching_up.join_all().await.len(), 5_000);

    let calls = cluster.reads.take_calls();
    assert!((1..=CALLS_MAX).contains(&calls), "{calls} calls");
}

#[tokio::test]
async fn one_unreadable_board_does_not_refuse_the_joins_of_others() {
    let cluster = Cluster::new();
    let boards = create_boards(&cluster, 5).await;
    cluster.reads.make_unreadable(board_id(3));

    for (board, _, reply) in join_each(&cluster, &boards).await {
        if board == 3 {
            assert!(is_again_for(&reply, 3), "{reply:?}");
        } else {
            assert!(is_joined(&reply), "{board}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn while_the_store_is_down_every_join_gets_again() {
    let cluster = Cluster::new();
    let boards = create_boards(&cluster, 5).await;
    cluster.reads.set_down(true);

    for (board, _, reply) in join_each(&cluster, &boards).await {
        assert!(is_again_for(&reply, board), "{reply:?}");
    }
    assert_eq!(cluster.reads.take_calls(), 1, "the joins are one call, which is not repeated");

    cluster.reads.set_down(false);
    let joined = join_each(&cluster, &boards).await;
    assert!(joined.iter().all(|(_, _, reply)| is_joined(reply)));
}

#[tokio::test(start_paused = true)]
async fn clients_that_catch_up_while_the_store_is_down_receive_every_event_later() {
    let cluster = Cluster::new();
    let boards = create_boards(&cluster, 5).await;
    let joined = join_each(&cluster, &boards).await;
    cluster.reads.set_down(true);
    let mut clients = Vec::new();
    for (_, mut client, _) in joined {
        client.send_message(&sockbit_domain::wire::ClientMessage::Ping).await;
        assert!(client.read_rest().await.iter().all(|it| event_of(it).is_none()));
        clients.push(client);
    }
    let start = Instant::now();
    cluster.reads.set_down(false);
    for mut client in clients {
        let events = client.events_until(1 + MISSED_EVENTS).await;
        assert_eq!(numbers(&events), (2..=1 + MISSED_EVENTS).collect::<Vec<_>>());
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_client_that_leaves_during_its_join_does_not_disturb_others() {
    let cluster = Cluster::new();
    let boards = create_boards(&cluster, 3).await;
    let (board, position) = boards[1];
    let leaving = cluster.client(&person(board));
    let mut join = Box::pin(leaving.join(board_id(board), Some(position)));
    assert!(futures::poll!(&mut join).is_pending(), "the admission is queried");
    drop(join);
    drop(leaving);

    let joined = join_each(&cluster, &boards).await;

    assert!(joined.iter().all(|(_, _, reply)| is_joined(reply)));
}
