//! A client that asks without reading stalls itself and nobody else.

use std::sync::Arc;

use sockbit_application::gateway::CloseReason;
use sockbit_domain::wire::{ClientMessage, Query, ServerMessage};
use tokio::task::JoinHandle;

use crate::support::*;

const QUERIES: usize = 1_000;

/// Asks a thousand queries from a task of its own, as a transport does, and reads nothing.
fn flood(client: &Client, query: &Query) -> JoinHandle<()> {
    let session = Arc::clone(&client.session);
    let messages: Vec<_> = (0..QUERIES)
        .map(|_| ClientMessage::Query { id: client.fresh_id(), query: query.clone() })
        .map(|it| it.to_json().expect("it is JSON"))
        .collect();
    tokio::spawn(async move {
        for message in messages {
            session.receive(&message).await;
        }
    })
}

/// Whether somebody else still writes and hears of it, many times over.
async fn others_go_on(cluster: &Cluster, writer: &mut Client) {
    let mut reader = cluster.client(&person(1));
    let begin = saved(&writer.send(board_id(1), &create_note(note_id(1_000), "base")).await);
    reader.joined(board_id(1), begin).await;
    for n in 1..=100 {
        let position = saved(&writer.send(board_id(1), &create_note(note_id(n), "note")).await);
        assert_eq!(reader.event().await.position(), position);
    }
}

#[tokio::test]
async fn a_thousand_queries_unread_stall_only_who_asks() {
    let cluster = Cluster::new();
    let (mut writer, asker) = (cluster.client(&person(1)), cluster.client(&person(2)));
    writer.begin_board(&mut []).await;
    let flooding = flood(&asker, &Query::MyBoards {});

    others_go_on(&cluster, &mut writer).await;

    assert!(!flooding.is_finished(), "it waits until somebody reads");
    flooding.abort();
}

#[tokio::test]
async fn who_reads_at_last_gets_every_answer() {
    let cluster = Cluster::new();
    let mut asker = cluster.client(&person(2));
    let flooding = flood(&asker, &Query::MyBoards {});
    while cluster.ear().asked().is_empty() {
        tokio::task::yield_now().await;
    }

    let mut replies = 0;
    while replies < QUERIES {
        replies += usize::from(matches!(asker.hear().await, ServerMessage::Reply { .. }));
    }

    flooding.await.expect("all queries are taken");
}

#[tokio::test]
async fn large_answers_unread_hold_no_more_than_one_clients_share() {
    let cluster = Cluster::new();
    let mut writer = cluster.client(&person(1));
    writer.begin_board(&mut []).await;
    let text = "x".repeat(60 * 1024);
    for n in 2_001..=2_010 {
        saved(&writer.send(board_id(1), &create_note(note_id(n), &text)).await);
    }
    let mut asker = cluster.client(&person(1));
    let flooding = flood(&asker, &Query::BoardPage { board: board_id(1), after: None });

    others_go_on(&cluster, &mut writer).await;

    let questions = cluster.ear().asked().len();
    assert!(questions < 200, "{questions} were asked for one who does not read");
    let mut bytes = 0;
    let mut replies = 0;
    while replies < 3 {
        bytes += asker.hear_encoded().await.len();
        replies += 1;
    }
    assert!(bytes < 1024 * 1024, "{bytes} bytes waited");
    flooding.abort();
}

#[tokio::test]
async fn who_does_not_read_is_let_go_when_it_is_cut() {
    let cluster = Cluster::new();
    let mut writer = cluster.client(&person(1));
    let begin = writer.begin_board(&mut []).await;
    let mut asker = cluster.client(&person(1));
    asker.joined(board_id(1), begin).await;
    asker.rest().await;
    let flooding = flood(&asker, &Query::MyBoards {});

    for n in 1..=300 {
        saved(&writer.send(board_id(1), &create_note(note_id(n), "note")).await);
    }

    assert_eq!(asker.closing().await, CloseReason::TooSlow);
    flooding.await.expect("it does not wait for a reader who will not come");
}

#[tokio::test]
async fn a_thousand_pings_unread_stall_only_who_sends_them() {
    let cluster = Cluster::new();
    let (mut writer, pinger) = (cluster.client(&person(1)), cluster.client(&person(2)));
    writer.begin_board(&mut []).await;
    let session = Arc::clone(&pinger.session);
    let pinging = tokio::spawn(async move {
        for _ in 0..1_000 {
            session.receive(r#"{"v":1,"type":"ping"}"#).await;
        }
    });
    others_go_on(&cluster, &mut writer).await;
    assert!(!pinging.is_finished());
    pinging.abort();
}
