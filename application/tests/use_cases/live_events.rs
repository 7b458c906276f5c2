//! News as it happens: to everybody who looks, in one order, without a gap.

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
async fn an_event_reaches_everybody_who_looks_and_the_outcome_only_its_sender() {
    let cluster = Cluster::new();
    let (mut writer, mut reader) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let begin = writer.begin_board(&mut [&mut reader]).await;
    for client in [&mut writer, &mut reader] {
        client.joined(board(), begin).await;
        client.rest().await;
    }

    let outcome = writer.send(board(), &create_note(note_id(1), "one")).await;

    for client in [&mut writer, &mut reader] {
        assert_eq!(client.event().await.position(), saved(&outcome));
        assert!(client.rest().await.is_empty());
    }
}

#[tokio::test]
async fn clients_at_two_gateways_see_the_same() {
    let mut cluster = Cluster::new();
    cluster.add_gateway(&GatewaySettings::default());
    let mut here = cluster.client(&person(1));
    let mut there = cluster.client_at(1, &person(2));
    let begin = here.begin_board(&mut [&mut there]).await;
    here.joined(board(), begin).await;
    there.joined(board(), begin).await;

    saved(&here.send(board(), &create_note(note_id(1), "here")).await);
    saved(&there.send(board(), &create_note(note_id(2), "there")).await);

    let last = begin.seq.0 + 2;
    let seen = here.events_until(last).await;
    assert_eq!(seen.len(), 2);
    assert_eq!(there.events_until(last).await, seen);
}

#[tokio::test]
async fn an_event_is_encoded_once_for_all_who_get_it() {
    let cluster = Cluster::new();
    let (mut writer, mut reader) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let begin = writer.begin_board(&mut [&mut reader]).await;
    for client in [&mut writer, &mut reader] {
        client.joined(board(), begin).await;
        client.rest().await;
    }

    writer.command(board(), &create_note(note_id(1), "one")).await;

    let (to_writer, to_reader) = (writer.hear_encoded().await, reader.hear_encoded().await);
    assert_eq!(to_writer, to_reader);
    assert_eq!(to_writer.as_ptr(), to_reader.as_ptr(), "they share the bytes");
}

#[tokio::test]
async fn a_boards_news_comes_from_one_subscription_and_one_question_however_many_resume() {
    let cluster = Cluster::new();
    let mut writer = cluster.client(&person(1));
    let begin = writer.begin_board(&mut []).await;
    for n in 1..=20 {
        saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
    }
    let mut readers: Vec<_> = (0..5).map(|_| cluster.client(&person(1))).collect();
    for reader in &readers {
        reader.join(board(), Some(begin)).await;
    }
    cluster.ear().asked();

    // All of them find at once that what they miss is not kept here.
    futures::future::join_all(readers.iter_mut().map(|it| it.events_until(21))).await;

    let asked = cluster.ear().asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
}

/// Joins at `begin` while others write, and follows until `last` is seen.
async fn follow(mut client: Client, begin: Position, last: u64) -> Vec<sockbit_domain::Event> {
    client.joined(board(), begin).await;
    client.events_until(last).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_while_others_write_sees_every_event_once_and_in_order() {
    const WRITERS: u64 = 3;
    const EDITS: u64 = 150;
    let cluster = Cluster::new();
    let mut owner = cluster.client(&person(1));
    let begin = owner.begin_board(&mut []).await;
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
    let mut following = JoinSet::new();
    for _ in 0..5 {
        // They come one after the other, while more and more is written.
        owner.send(board(), &create_board("Exists already")).await;
        following.spawn(follow(cluster.client(&person(1)), begin, last));
    }

    while let Some(written) = writing.join_next().await {
        written.expect("every edit is saved");
    }
    let mut texts = BTreeSet::new();
    while let Some(seen) = following.join_next().await {
        let events = seen.expect("the last event is seen");
        assert_eq!(numbers(&events), (begin.seq.0 + 1..=last).collect::<Vec<_>>());
        texts.insert(replay(&events, note_id(1)).to_string());
    }
    let [text] = texts.iter().collect::<Vec<_>>()[..] else { panic!("they differ: {texts:?}") };
    assert_eq!(text.len() as u64, WRITERS * EDITS);
}

#[tokio::test]
async fn sessions_come_and_go_without_disturbing_each_other() {
    let cluster = Cluster::new();
    let mut writer = cluster.client(&person(1));
    let begin = writer.begin_board(&mut []).await;
    let mut position = begin;
    for n in 1..=30 {
        let mut passing = cluster.client(&person(1));
        passing.joined(board(), position).await;
        position = saved(&writer.send(board(), &create_note(note_id(n), "note")).await);
        assert_eq!(passing.event().await.position(), position);
    }
    assert_eq!(cluster.gateway().sessions(), 1);
}

#[tokio::test]
async fn several_boards_are_joined_over_one_session() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    for n in 1..=10 {
        let begin = saved(&client.send(board_id(n), &create_board("Ideas")).await);
        client.joined(board_id(n), begin).await;
    }
    for n in 1..=10 {
        saved(&client.send(board_id(n), &create_note(note_id(1), "note")).await);
    }
    let events = client.rest().await;
    let of_boards: BTreeSet<_> = events
        .iter()
        .filter_map(event_of)
        .filter(|it| it.seq == Seq(2))
        .map(|it| it.board)
        .collect();
    assert_eq!(of_boards, (1..=10).map(board_id).collect());
}

#[tokio::test]
async fn who_resumes_shortly_after_is_served_from_what_is_kept() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let begin = client.begin_board(&mut []).await;
    client.joined(board(), begin).await;
    for n in 1..=20 {
        saved(&client.send(board(), &create_note(note_id(n), "note")).await);
    }
    cluster.ear().asked();

    let mut back = cluster.client(&person(1));
    back.joined(board(), begin).await;
    assert_eq!(numbers(&back.events_until(21).await), (2..=21).collect::<Vec<_>>());

    assert_eq!(cluster.ear().asked().len(), 1, "it asks whether it may join, and nothing else");
    drop(client);
}

#[tokio::test]
async fn event_and_outcome_carry_the_message_id_of_their_command() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let begin = client.begin_board(&mut []).await;
    client.joined(board(), begin).await;
    let id = client.command(board(), &create_note(note_id(1), "mine")).await;
    let event = client.event().await;
    assert_eq!(event.message, id, "by which a client knows its own event");
    let told = client.hear_where(|it| matches!(it, ServerMessage::Outcome { .. })).await;
    let ServerMessage::Outcome { id: of, outcome, .. } = told else { panic!("{told:?}") };
    assert_eq!((of, saved(&outcome)), (id, event.position()));
}
