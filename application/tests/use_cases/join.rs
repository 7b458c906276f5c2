//! A session, from its first message to the events of joined boards.

use futures::FutureExt;
use serde_json::Value;
use sockbit_domain::wire::{ClientMessage, Refusal, RefusalCode, ServerMessage};
use sockbit_domain::{RejectionCode, Seq};

use crate::support::*;

#[tokio::test]
async fn the_first_message_names_the_identity_of_the_client() {
    let mut client = Cluster::new().client(&person(7));
    let welcome = ServerMessage::Welcome { actor: person(7).actor, client: person(7).client };
    assert_eq!(client.receive().await, welcome);
}

#[tokio::test]
async fn every_message_carries_the_version() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.create_board_with(&mut []).await;
    client.join(board_id(1), None).await;
    client.join(board_id(404), None).await;
    client.send_message(&ClientMessage::Ping).await;
    for _ in 0..3 {
        let message: Value = serde_json::from_slice(&client.receive_encoded().await).expect("JSON");
        assert_eq!(message.get("v"), Some(&Value::from(1)), "{message}");
    }
}

#[tokio::test]
async fn a_join_gets_joined_and_then_the_missing_events_in_order() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let start = client.create_board_with(&mut []).await;
    for n in 1..=5 {
        saved(&client.send(board_id(1), &create_note(note_id(n), "note")).await);
    }
    client.read_rest().await;

    client.join(board_id(1), Some(start)).await;

    let ServerMessage::Joined { head, .. } = client.receive().await else { panic!("not joined") };
    assert_eq!(head.seq, Seq(6));
    assert_eq!(numbers(&client.events_until(6).await), [2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn many_missing_events_are_sent_page_by_page() {
    let cluster = Cluster::new();
    let (mut writer, mut offline) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let start = writer.create_board_with(&mut [&mut offline]).await.seq.0;
    let text = "word ".repeat(1_000);
    let mut positions = Vec::new();
    for n in 1..=200 {
        positions.push(saved(&writer.send(board_id(1), &create_note(note_id(n), &text)).await));
    }
    let seen = positions.get(49).expect("there are 200");
    offline.join_and_read(board_id(1), *seen).await;
    let events = offline.events_until(start + 200).await;
    assert_eq!(numbers(&events), (start + 51..=start + 200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_client_without_a_position_joins_at_that_of_the_first_board_page() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.create_board_with(&mut []).await;
    saved(&client.send(board_id(1), &create_note(note_id(1), "one")).await);
    client.read_rest().await;

    client.join(board_id(1), None).await;
    let ServerMessage::BaseGone { board, .. } = client.receive().await else { panic!("joined") };
    let page = client.page(board, None).await;
    assert_eq!(client.join_and_read(board, page.position).await, page.position);
    saved(&client.send(board, &create_note(note_id(2), "two")).await);

    assert_eq!(numbers(&client.events_until(3).await), [3]);
}

#[tokio::test]
async fn after_base_gone_no_events_are_sent() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.create_board_with(&mut []).await;
    client.join(board_id(1), Some(foreign(1))).await;
    saved(&client.send(board_id(1), &create_note(note_id(1), "one")).await);
    assert!(client.read_rest().await.iter().all(|it| event_of(it).is_none()));
}

#[tokio::test]
async fn a_non_member_is_rejected_and_sent_no_events() {
    let cluster = Cluster::new();
    let (mut owner, mut non_member) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let start = owner.create_board_with(&mut []).await;
    non_member.receive().await;

    non_member.join(board_id(1), Some(start)).await;
    non_member.join(board_id(404), Some(start)).await;
    saved(&owner.send(board_id(1), &create_note(note_id(1), "secret")).await);

    let messages = non_member.read_rest().await;
    let rejections = messages.iter().map(|it| match it {
        ServerMessage::Left { rejection: Some(rejection), .. } => rejection,
        other => panic!("{other:?}"),
    });
    let [existing, missing] = rejections.collect::<Vec<_>>()[..] else { panic!("{messages:?}") };
    assert_eq!(existing.code, RejectionCode::NotFound);
    assert_eq!(existing, missing, "the replies are equal");
}

#[tokio::test]
async fn after_a_leave_no_events_of_the_board_are_sent() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let start = client.create_board_with(&mut []).await;
    client.join_and_read(board_id(1), start).await;
    client.read_rest().await;

    client.leave(board_id(1)).await;
    saved(&client.send(board_id(1), &create_note(note_id(1), "after the leave")).await);

    let left = ServerMessage::Left { board: board_id(1), rejection: None };
    assert_eq!(client.read_rest().await, [left]);
}

#[tokio::test]
async fn a_second_join_repeats_no_event_before_its_position() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let start = client.create_board_with(&mut []).await;
    client.join_and_read(board_id(1), start).await;
    client.read_rest().await;
    saved(&client.send(board_id(1), &create_note(note_id(1), "one")).await);
    assert_eq!(client.event().await.seq, Seq(2));

    client.join_and_read(board_id(1), start).await;
    assert_eq!(numbers(&client.events_until(2).await), [2], "from the position of the second join");
    saved(&client.send(board_id(1), &create_note(note_id(2), "two")).await);

    assert_eq!(client.event().await.seq, Seq(3));
    assert!(client.read_rest().await.is_empty());
}

#[tokio::test]
async fn an_invalid_message_is_refused_with_its_id_and_the_session_stays_open() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.receive().await;
    let id = client.fresh_id();
    let refused = [
        ("no json".to_owned(), None, RefusalCode::Malformed),
        (format!(r#"{{"v":1,"type":"command","id":"{id}"}}"#), Some(id), RefusalCode::Malformed),
        (
            format!(r#"{{"v":9,"type":"ping","id":"{id}"}}"#),
            Some(id),
            RefusalCode::UnsupportedVersion,
        ),
        (format!(r#"{{"v":1,"type":"sing","id":"{id}"}}"#), Some(id), RefusalCode::UnknownType),
    ];
    for (json, of, with) in refused {
        handle(&client.session, &json).await;
        match client.receive().await {
            ServerMessage::Refused(Refusal { id, code, .. }) => assert_eq!((id, code), (of, with)),
            other => panic!("{json} got {other:?}"),
        }
    }
    client.send_message(&ClientMessage::Ping).await;
    assert_eq!(client.receive().await, ServerMessage::Pong {});
}

#[tokio::test]
async fn other_clients_get_events_after_a_session_is_dropped_during_a_join() {
    let cluster = Cluster::new();
    let mut owner = cluster.client(&person(1));
    let start = owner.create_board_with(&mut []).await;
    let client = cluster.client(&person(1));

    assert!(client.join(board_id(1), Some(start)).now_or_never().is_none(), "the join is pending");
    drop(client);

    assert_eq!(cluster.gateway().sessions(), 1);
    owner.join_and_read(board_id(1), start).await;
    saved(&owner.send(board_id(1), &create_note(note_id(1), "one")).await);
    assert_eq!(owner.event().await.seq, Seq(2));
}
