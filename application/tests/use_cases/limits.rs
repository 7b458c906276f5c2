//! The limits of a client, and what it is sent when it exceeds them.

use std::time::Duration;

use sockbit_application::gateway::{CloseReason, GatewaySettings};
use sockbit_domain::wire::{ClientMessage, Query, Refusal, RefusalCode, ServerMessage};
use sockbit_domain::{BoardId, Position};

use crate::support::*;

fn board() -> BoardId {
    board_id(1)
}

/// A writer, a client that reads and one that does not; both have joined board 1.
async fn writer_reader_and_idle(
    cluster: &Cluster,
) -> (TestClient, TestClient, TestClient, Position) {
    let (mut writer, mut reader) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let mut idle = cluster.client(&person(3));
    let start = writer.create_board_with(&mut [&mut reader, &mut idle]).await;
    for client in [&mut reader, &mut idle] {
        client.join_and_read(board(), start).await;
        client.read_rest().await;
    }
    (writer, reader, idle, start)
}

#[tokio::test]
async fn a_client_with_more_than_256_unread_messages_is_closed_and_no_other() {
    let cluster = Cluster::new();
    let (mut writer, mut reader, idle, start) = writer_reader_and_idle(&cluster).await;
    for n in 1..=257 {
        saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
        assert_eq!(reader.event().await.seq.0, start.seq.0 + n);
    }
    let reason = idle.close_reason().await;
    assert_eq!((reason, reason.code()), (CloseReason::TooSlow, 4001));
    saved(&writer.send(board(), &create_note(note_id(300), "note")).await);
    assert_eq!(reader.event().await.seq.0, start.seq.0 + 258);
}

#[tokio::test]
async fn a_client_with_256_unread_messages_is_not_closed() {
    let cluster = Cluster::new();
    let (mut writer, _reader, mut idle, start) = writer_reader_and_idle(&cluster).await;
    for n in 1..=256 {
        saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
    }
    assert_eq!(idle.events_until(start.seq.0 + 256).await.len(), 256);
}

#[tokio::test]
async fn a_client_with_more_than_a_mebibyte_unread_is_closed_and_no_other() {
    let cluster = Cluster::new();
    let (mut writer, mut reader, idle, _) = writer_reader_and_idle(&cluster).await;
    let text = "x".repeat(60 * 1024);
    for n in 1..=18 {
        saved(&writer.send(board(), &create_note(note_id(n), &text)).await);
        reader.event().await;
    }
    assert_eq!(idle.close_reason().await, CloseReason::TooSlow);
}

#[tokio::test]
async fn a_client_that_was_closed_resumes_without_missing_events() {
    let cluster = Cluster::new();
    let (mut writer, _reader, idle, start) = writer_reader_and_idle(&cluster).await;
    for n in 1..=400 {
        saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
    }
    assert_eq!(idle.close_reason().await, CloseReason::TooSlow);
    drop(idle);

    let mut resumed = cluster.client(&person(3));
    resumed.join_and_read(board(), start).await;

    let last = start.seq.0 + 400;
    assert_eq!(
        numbers(&resumed.events_until(last).await),
        (start.seq.0 + 1..=last).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn a_query_above_the_rate_gets_again_with_a_delay() {
    let cluster = Cluster::with(&GatewaySettings::default());
    let mut client = cluster.client(&person(1));
    client.receive().await;
    for _ in 0..60 {
        client.query(Query::MyBoards {}).await;
    }

    let id = client.fresh_id();
    let query = ClientMessage::Query { id, query: Query::MyBoards {} };
    client.send_message(&query).await;
    let again = client.receive().await;
    let ServerMessage::Again { id: of, board: None, after_ms } = again else { panic!("{again:?}") };
    assert_eq!((of, after_ms), (Some(id), 50), "twenty a second");
    tokio::time::sleep(Duration::from_millis(after_ms)).await;
    client.send_message(&query).await;

    assert!(matches!(client.receive().await, ServerMessage::Reply { id: of, .. } if of == id));
}

#[tokio::test(start_paused = true)]
async fn a_repeat_after_the_given_delay_is_not_above_the_rate() {
    let cluster = Cluster::with(&GatewaySettings {
        messages_per_second: 7,
        messages_burst: 1,
        ..GatewaySettings::default()
    });
    let mut client = cluster.client(&person(1));
    client.query(Query::MyBoards {}).await;
    for _ in 0..20 {
        let id = client.fresh_id();
        let query = ClientMessage::Query { id, query: Query::MyBoards {} };
        client.send_message(&query).await;
        let message = client.receive_where(|it| matches!(it, ServerMessage::Again { .. })).await;
        let ServerMessage::Again { after_ms, .. } = message else { panic!("{message:?}") };
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        client.send_message(&query).await;
        let message = client.receive_where(|it| !matches!(it, ServerMessage::Welcome { .. })).await;
        assert!(matches!(message, ServerMessage::Reply { .. }), "{message:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_again_reply_to_a_join_names_the_board() {
    let settings = GatewaySettings { messages_burst: 1, ..GatewaySettings::default() };
    let cluster = Cluster::with(&settings);
    let mut client = cluster.client(&person(1));
    client.query(Query::MyBoards {}).await;
    client.join(board_id(5), None).await;
    let message = client.receive_where(|it| matches!(it, ServerMessage::Again { .. })).await;
    assert_eq!(message, ServerMessage::Again { id: None, board: Some(board_id(5)), after_ms: 50 });
}

#[tokio::test(start_paused = true)]
async fn pings_and_leaves_may_be_delayed_but_never_get_again() {
    let settings = GatewaySettings { messages_burst: 1, ..GatewaySettings::default() };
    let cluster = Cluster::with(&settings);
    let mut client = cluster.client(&person(1));
    client.query(Query::MyBoards {}).await;
    client.leave(board_id(5)).await;
    let messages = client.read_rest().await;
    let left = ServerMessage::Left { board: board_id(5), rejection: None };
    assert_eq!(messages.last(), Some(&left));
}

#[tokio::test]
async fn a_session_may_join_sixty_four_boards_and_another_after_a_leave() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let mut starts = Vec::new();
    for n in 1..=65 {
        starts.push(saved(&client.send(board_id(n), &create_board("Ideas")).await));
    }
    for (n, start) in (1..=64).zip(&starts) {
        client.join_and_read(board_id(n), *start).await;
    }
    client.read_rest().await;
    let last = starts.last().copied();

    client.join(board_id(65), last).await;
    let message = client.receive().await;
    let ServerMessage::Refused(Refusal { code, .. }) = message else { panic!("{message:?}") };
    assert_eq!(code, RefusalCode::TooManyBoards);
    client.join(board_id(64), starts.get(63).copied()).await;
    assert!(
        matches!(client.receive().await, ServerMessage::Joined { .. }),
        "a second join of the same board does not count"
    );
    client.leave(board_id(1)).await;
    client.join(board_id(65), last).await;

    let is_joined = |it: &ServerMessage| matches!(it, ServerMessage::Joined { board, .. } if *board == board_id(65));
    client.receive_where(is_joined).await;
}

#[tokio::test]
async fn a_query_gets_again_after_the_bus_is_closed() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.create_board_with(&mut []).await;
    cluster.bus.close();
    let id = client.fresh_id();
    client.send_message(&ClientMessage::Query { id, query: Query::MyBoards {} }).await;
    let message = client.receive_where(|it| matches!(it, ServerMessage::Again { .. })).await;
    assert!(matches!(message, ServerMessage::Again { id: Some(of), .. } if of == id));
}
