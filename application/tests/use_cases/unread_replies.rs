//! A client that sends requests and reads no replies delays only itself.

use std::sync::Arc;

use sockbit_application::gateway::CloseReason;
use sockbit_domain::wire::{ClientMessage, Query, ServerMessage};
use tokio::task::JoinHandle;

use crate::support::*;

const QUERIES: usize = 1_000;

/// Sends a thousand queries from its own task, as a transport does, and reads nothing.
fn send_queries(client: &TestClient, query: &Query) -> JoinHandle<()> {
    let session = Arc::clone(&client.session);
    let messages: Vec<_> = (0..QUERIES)
        .map(|_| ClientMessage::Query { id: client.fresh_id(), query: query.clone() })
        .map(|it| it.to_json().expect("it is JSON"))
        .collect();
    tokio::spawn(async move {
        for message in messages {
            handle(&session, &message).await;
        }
    })
}

/// Asserts that other clients still write and are sent events.
async fn assert_others_are_served(cluster: &Cluster, writer: &mut TestClient) {
    let mut reader = cluster.client(&person(1));
    let start = saved(&writer.send(board_id(1), &create_note(note_id(1_000), "base")).await);
    reader.join_and_read(board_id(1), start).await;
    for n in 1..=100 {
        let position = saved(&writer.send(board_id(1), &create_note(note_id(n), "note")).await);
        assert_eq!(reader.event().await.position(), position);
    }
}

#[tokio::test]
async fn a_thousand_queries_without_reading_delay_only_their_sender() {
    let cluster = Cluster::new();
    let (mut writer, sender) = (cluster.client(&person(1)), cluster.client(&person(2)));
    writer.create_board_with(&mut []).await;
    let sending = send_queries(&sender, &Query::MyBoards {});

    assert_others_are_served(&cluster, &mut writer).await;

    assert!(!sending.is_finished(), "it waits for its replies to be read");
    sending.abort();
}

#[tokio::test]
async fn a_client_that_reads_late_gets_every_reply() {
    let cluster = Cluster::new();
    let mut sender = cluster.client(&person(2));
    let sending = send_queries(&sender, &Query::MyBoards {});
    while cluster.bus_endpoint().take_queries().is_empty() {
        tokio::task::yield_now().await;
    }

    let mut replies = 0;
    while replies < QUERIES {
        replies += usize::from(matches!(sender.receive().await, ServerMessage::Reply { .. }));
    }

    sending.await.expect("all queries are handled");
}

#[tokio::test]
async fn large_unread_replies_stay_within_the_bound_of_one_client() {
    let cluster = Cluster::new();
    let mut writer = cluster.client(&person(1));
    writer.create_board_with(&mut []).await;
    let text = "x".repeat(60 * 1024);
    for n in 2_001..=2_010 {
        saved(&writer.send(board_id(1), &create_note(note_id(n), &text)).await);
    }
    let mut sender = cluster.client(&person(1));
    let sending = send_queries(&sender, &Query::BoardPage { board: board_id(1), after: None });

    assert_others_are_served(&cluster, &mut writer).await;

    let queries = cluster.bus_endpoint().take_queries().len();
    assert!(queries < 200, "{queries} queries of a client that does not read");
    let mut bytes = 0;
    let mut replies = 0;
    while replies < 3 {
        bytes += sender.receive_encoded().await.len();
        replies += 1;
    }
    assert!(bytes < 1024 * 1024, "{bytes} bytes were queued");
    sending.abort();
}

#[tokio::test]
async fn the_pending_requests_of_a_closed_session_complete() {
    let cluster = Cluster::new();
    let mut writer = cluster.client(&person(1));
    let start = writer.create_board_with(&mut []).await;
    let mut sender = cluster.client(&person(1));
    sender.join_and_read(board_id(1), start).await;
    sender.read_rest().await;
    let sending = send_queries(&sender, &Query::MyBoards {});

    for n in 1..=300 {
        saved(&writer.send(board_id(1), &create_note(note_id(n), "note")).await);
    }

    assert_eq!(sender.close_reason().await, CloseReason::TooSlow);
    sending.await.expect("it does not wait for the client to read");
}

#[tokio::test]
async fn a_thousand_pings_without_reading_delay_only_their_sender() {
    let cluster = Cluster::new();
    let (mut writer, pinger) = (cluster.client(&person(1)), cluster.client(&person(2)));
    writer.create_board_with(&mut []).await;
    let session = Arc::clone(&pinger.session);
    let sending = tokio::spawn(async move {
        for _ in 0..1_000 {
            handle(&session, r#"{"v":1,"type":"ping"}"#).await;
        }
    });
    assert_others_are_served(&cluster, &mut writer).await;
    assert!(!sending.is_finished());
    sending.abort();
}
