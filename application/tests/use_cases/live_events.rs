//! Live events: delivered to all members of a board, in order, without gaps.

use std::collections::BTreeSet;

use sockbit_application::gateway::GatewaySettings;
use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{BoardId, Position, Seq};
use tokio::task::JoinSet;

use crate::support::*;

const BOARD: u64 = 1;

fn board() -> BoardId {
    board_id(BOARD)
}

#[tokio::test]
async fn an_event_is_sent_to_all_members_and_the_outcome_only_to_the_sender() {
    let cluster = Cluster::new();
    let (mut writer, mut reader) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let start = writer.create_board_with(&mut [&mut reader]).await;
    for client in [&mut writer, &mut reader] {
        client.join_and_read(board(), start).await;
        client.read_rest().await;
    }

    let outcome = writer.send(board(), &create_note(note_id(1), "one")).await;

    for client in [&mut writer, &mut reader] {
        assert_eq!(client.event().await.position(), saved(&outcome));
        assert!(client.read_rest().await.is_empty());
    }
}

#[tokio::test]
async fn clients_of_two_gateways_are_sent_the_same_events() {
    let mut cluster = Cluster::new();
    cluster.add_gateway(&GatewaySettings::default());
    let mut first = cluster.client(&person(1));
    let mut second = cluster.client_at(1, &person(2));
    let start = first.create_board_with(&mut [&mut second]).await;
    first.join_and_read(board(), start).await;
    second.join_and_read(board(), start).await;

    saved(&first.send(board(), &create_note(note_id(1), "first")).await);
    saved(&second.send(board(), &create_note(note_id(2), "second")).await);

    let last = start.seq.0 + 2;
    let seen = first.events_until(last).await;
    assert_eq!(seen.len(), 2);
    assert_eq!(second.events_until(last).await, seen);
}

#[tokio::test]
async fn an_event_is_encoded_once_for_all_clients() {
    let cluster = Cluster::new();
    let (mut writer, mut reader) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let start = writer.create_board_with(&mut [&mut reader]).await;
    for client in [&mut writer, &mut reader] {
        client.join_and_read(board(), start).await;
        client.read_rest().await;
    }

    writer.command(board(), &create_note(note_id(1), "one")).await;

    let (to_writer, to_reader) = (writer.receive_encoded().await, reader.receive_encoded().await);
    assert_eq!(to_writer, to_reader);
    assert_eq!(to_writer.as_ptr(), to_reader.as_ptr(), "they share the bytes");
}

#[tokio::test]
async fn concurrent_resumes_of_one_board_share_one_query() {
    let cluster = Cluster::new();
    let mut writer = cluster.client(&person(1));
    let start = writer.create_board_with(&mut []).await;
    for n in 1..=20 {
        saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
    }
    let mut readers: Vec<_> = (0..5).map(|_| cluster.client(&person(1))).collect();
    for reader in &readers {
        reader.join(board(), Some(start)).await;
    }
    cluster.bus_endpoint().take_queries();

    // All of them find at the same time that their missing events are not cached.
    futures::future::join_all(readers.iter_mut().map(|it| it.events_until(21))).await;

    let queries = cluster.bus_endpoint().take_queries();
    assert_eq!(queries.len(), 1, "{queries:?}");
}

/// Joins at `start` and reads the events until `last`.
async fn read_events(
    mut client: TestClient,
    start: Position,
    last: u64,
) -> Vec<sockbit_domain::Event> {
    client.join_and_read(board(), start).await;
    client.events_until(last).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_joins_during_edits_is_sent_every_event_once_and_in_order() {
    const WRITERS: u64 = 3;
    const EDITS: u64 = 150;
    let cluster = Cluster::new();
    let mut owner = cluster.client(&person(1));
    let start = owner.create_board_with(&mut []).await;
    let base = saved(&owner.send(board(), &create_note(note_id(1), "")).await);
    let last = base.seq.0 + WRITERS * EDITS;

    let mut writing = JoinSet::new();
    for letter in ["a", "b", "c"] {
        let mut writer = cluster.client(&person(1));
        writing.spawn(async move {
            for _ in 0..EDITS {
                saved(&writer.send(board(), &edit(note_id(1), base, insert(0, letter))).await);
            }
        });
    }
    let mut reading = JoinSet::new();
    for _ in 0..5 {
        // They join one after the other, while edits go on.
        owner.send(board(), &create_board("Exists already")).await;
        reading.spawn(read_events(cluster.client(&person(1)), start, last));
    }

    while let Some(written) = writing.join_next().await {
        written.expect("every edit is saved");
    }
    let mut texts = BTreeSet::new();
    while let Some(seen) = reading.join_next().await {
        let events = seen.expect("the last event was sent");
        assert_eq!(numbers(&events), (start.seq.0 + 1..=last).collect::<Vec<_>>());
        texts.insert(replay(&events, note_id(1)).to_string());
    }
    let [text] = texts.iter().collect::<Vec<_>>()[..] else { panic!("they differ: {texts:?}") };
    assert_eq!(text.len() as u64, WRITERS * EDITS);
}

#[tokio::test]
async fn sessions_can_be_opened_and_closed_while_others_go_on() {
    let cluster = Cluster::new();
    let mut writer = cluster.client(&person(1));
    let start = writer.create_board_with(&mut []).await;
    let mut position = start;
    for n in 1..=30 {
        let mut visitor = cluster.client(&person(1));
        visitor.join_and_read(board(), position).await;
        position = saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
        assert_eq!(visitor.event().await.position(), position);
    }
    assert_eq!(cluster.gateway().sessions(), 1);
}

#[tokio::test]
async fn several_boards_are_joined_over_one_session() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    for n in 1..=10 {
        let start = saved(&client.send(board_id(n), &create_board("Ideas")).await);
        client.join_and_read(board_id(n), start).await;
    }
    for n in 1..=10 {
        saved(&client.send(board_id(n), &create_note(note_id(1), "note")).await);
    }
    let events = client.read_rest().await;
    let of_boards: BTreeSet<_> = events
        .iter()
        .filter_map(event_of)
        .filter(|it| it.seq == Seq(2))
        .map(|it| it.board)
        .collect();
    assert_eq!(of_boards, (1..=10).map(board_id).collect());
}

#[tokio::test]
async fn a_client_that_resumes_soon_is_served_from_the_cache() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let start = client.create_board_with(&mut []).await;
    client.join_and_read(board(), start).await;
    for n in 1..=20 {
        saved(&client.send(board(), &create_note(note_id(n), "note")).await);
    }
    cluster.bus_endpoint().take_queries();

    let mut resumed = cluster.client(&person(1));
    resumed.join_and_read(board(), start).await;
    assert_eq!(numbers(&resumed.events_until(21).await), (2..=21).collect::<Vec<_>>());

    assert_eq!(cluster.bus_endpoint().take_queries().len(), 1, "only the admission is queried");
    drop(client);
}

#[tokio::test]
async fn event_and_outcome_carry_the_message_id_of_their_command() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let start = client.create_board_with(&mut []).await;
    client.join_and_read(board(), start).await;
    let id = client.command(board(), &create_note(note_id(1), "mine")).await;
    let event = client.event().await;
    assert_eq!(event.message, id, "a client recognises its own event");
    let message = client.receive_where(|it| matches!(it, ServerMessage::Outcome { .. })).await;
    let ServerMessage::Outcome { id: of, outcome, .. } = message else { panic!("{message:?}") };
    assert_eq!((of, saved(&outcome)), (id, event.position()));
}
