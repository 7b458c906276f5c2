//! Every client has its bounds, and finds them in a way that it can act on.

use std::time::Duration;

use sockbit_application::gateway::{CloseReason, GatewaySettings};
use sockbit_domain::wire::{ClientMessage, Query, Refusal, RefusalCode, ServerMessage};
use sockbit_domain::{BoardId, Position};

use crate::support::*;

fn board() -> BoardId {
    board_id(1)
}

/// A writer, a reader who reads and one who does not; all look at board 1.
async fn three_who_look(cluster: &Cluster) -> (Client, Client, Client, Position) {
    let (mut writer, mut reader) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let mut sleeper = cluster.client(&person(3));
    let begin = writer.begin_board(&mut [&mut reader, &mut sleeper]).await;
    for client in [&mut reader, &mut sleeper] {
        client.joined(board(), begin).await;
        client.rest().await;
    }
    (writer, reader, sleeper, begin)
}

#[tokio::test]
async fn who_leaves_more_than_256_messages_unread_is_cut_and_nobody_else() {
    let cluster = Cluster::new();
    let (mut writer, mut reader, sleeper, begin) = three_who_look(&cluster).await;
    for n in 1..=257 {
        saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
        assert_eq!(reader.event().await.seq.0, begin.seq.0 + n);
    }
    let reason = sleeper.closing().await;
    assert_eq!((reason, reason.code()), (CloseReason::TooSlow, 4001));
    saved(&writer.send(board(), &create_note(note_id(300), "note")).await);
    assert_eq!(reader.event().await.seq.0, begin.seq.0 + 258);
}

#[tokio::test]
async fn who_leaves_as_many_messages_unread_as_may_wait_is_not_cut() {
    let cluster = Cluster::new();
    let (mut writer, _reader, mut sleeper, begin) = three_who_look(&cluster).await;
    for n in 1..=256 {
        saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
    }
    assert_eq!(sleeper.events_until(begin.seq.0 + 256).await.len(), 256);
}

#[tokio::test]
async fn who_leaves_more_than_a_mebibyte_unread_is_cut_and_nobody_else() {
    let cluster = Cluster::new();
    let (mut writer, mut reader, sleeper, _) = three_who_look(&cluster).await;
    let text = "x".repeat(60 * 1024);
    for n in 1..=18 {
        saved(&writer.send(board(), &create_note(note_id(n), &text)).await);
        reader.event().await;
    }
    assert_eq!(sleeper.closing().await, CloseReason::TooSlow);
}

#[tokio::test]
async fn who_was_cut_comes_back_and_misses_nothing() {
    let cluster = Cluster::new();
    let (mut writer, _reader, sleeper, begin) = three_who_look(&cluster).await;
    for n in 1..=400 {
        saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
    }
    assert_eq!(sleeper.closing().await, CloseReason::TooSlow);
    drop(sleeper);

    let mut back = cluster.client(&person(3));
    back.joined(board(), begin).await;

    let last = begin.seq.0 + 400;
    assert_eq!(
        numbers(&back.events_until(last).await),
        (begin.seq.0 + 1..=last).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn who_sends_too_fast_is_told_when_to_send_again_and_then_heard() {
    let cluster = Cluster::with(&GatewaySettings::default());
    let mut client = cluster.client(&person(1));
    client.hear().await;
    for _ in 0..60 {
        client.query(Query::MyBoards {}).await;
    }

    let id = client.fresh_id();
    let query = ClientMessage::Query { id, query: Query::MyBoards {} };
    client.say(&query).await;
    let again = client.hear().await;
    let ServerMessage::Again { id: of, board: None, after_ms } = again else { panic!("{again:?}") };
    assert_eq!((of, after_ms), (Some(id), 50), "twenty a second");
    tokio::time::sleep(Duration::from_millis(after_ms)).await;
    client.say(&query).await;

    assert!(matches!(client.hear().await, ServerMessage::Reply { id: of, .. } if of == id));
}

#[tokio::test(start_paused = true)]
async fn who_waits_as_long_as_they_were_told_need_not_wait_again() {
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
        client.say(&query).await;
        let told = client.hear_where(|it| matches!(it, ServerMessage::Again { .. })).await;
        let ServerMessage::Again { after_ms, .. } = told else { panic!("{told:?}") };
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        client.say(&query).await;
        let told = client.hear_where(|it| !matches!(it, ServerMessage::Welcome { .. })).await;
        assert!(matches!(told, ServerMessage::Reply { .. }), "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_join_that_has_to_wait_is_told_by_its_board() {
    let settings = GatewaySettings { messages_burst: 1, ..GatewaySettings::default() };
    let cluster = Cluster::with(&settings);
    let mut client = cluster.client(&person(1));
    client.query(Query::MyBoards {}).await;
    client.join(board_id(5), None).await;
    let told = client.hear_where(|it| matches!(it, ServerMessage::Again { .. })).await;
    assert_eq!(told, ServerMessage::Again { id: None, board: Some(board_id(5)), after_ms: 50 });
}

#[tokio::test(start_paused = true)]
async fn a_ping_and_a_leave_may_be_slowed_down_but_are_never_put_off() {
    let settings = GatewaySettings { messages_burst: 1, ..GatewaySettings::default() };
    let cluster = Cluster::with(&settings);
    let mut client = cluster.client(&person(1));
    client.query(Query::MyBoards {}).await;
    client.leave(board_id(5)).await;
    let told = client.rest().await;
    let left = ServerMessage::Left { board: board_id(5), rejection: None };
    assert_eq!(told.last(), Some(&left));
}

#[tokio::test]
async fn a_session_joins_sixty_four_boards_and_another_once_it_left_one() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let mut begins = Vec::new();
    for n in 1..=65 {
        begins.push(saved(&client.send(board_id(n), &create_board("Ideas")).await));
    }
    for (n, begin) in (1..=64).zip(&begins) {
        client.joined(board_id(n), *begin).await;
    }
    client.rest().await;
    let last = begins.last().copied();

    client.join(board_id(65), last).await;
    let told = client.hear().await;
    let ServerMessage::Refused(Refusal { code, .. }) = told else { panic!("{told:?}") };
    assert_eq!(code, RefusalCode::TooManyBoards);
    client.join(board_id(64), begins.get(63).copied()).await;
    assert!(matches!(client.hear().await, ServerMessage::Joined { .. }), "anew is not one more");
    client.leave(board_id(1)).await;
    client.join(board_id(65), last).await;

    let is_joined = |it: &ServerMessage| matches!(it, ServerMessage::Joined { board, .. } if *board == board_id(65));
    client.hear_where(is_joined).await;
}

#[tokio::test]
async fn once_the_bus_is_closed_who_asks_is_told_again() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.begin_board(&mut []).await;
    cluster.bus.close();
    let id = client.fresh_id();
    client.say(&ClientMessage::Query { id, query: Query::MyBoards {} }).await;
    let told = client.hear_where(|it| matches!(it, ServerMessage::Again { .. })).await;
    assert!(matches!(told, ServerMessage::Again { id: Some(of), .. } if of == id));
}
