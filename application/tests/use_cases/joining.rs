//! A session from its first message to the news of the boards that it joins.

use futures::FutureExt;
use serde_json::Value;
use sockbit_domain::wire::{ClientMessage, Refusal, RefusalCode, ServerMessage};
use sockbit_domain::{RejectionCode, Seq};

use crate::support::*;

#[tokio::test]
async fn the_first_message_says_whom_the_gateway_takes_the_client_for() {
    let mut client = Cluster::new().client(&person(7));
    let welcome = ServerMessage::Welcome { actor: person(7).actor, client: person(7).client };
    assert_eq!(client.hear().await, welcome);
}

#[tokio::test]
async fn every_message_carries_the_version() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.begin_board(&mut []).await;
    client.join(board_id(1), None).await;
    client.join(board_id(404), None).await;
    client.say(&ClientMessage::Ping).await;
    for _ in 0..3 {
        let message: Value = serde_json::from_slice(&client.hear_encoded().await).expect("JSON");
        assert_eq!(message.get("v"), Some(&Value::from(1)), "{message}");
    }
}

#[tokio::test]
async fn who_joins_hears_so_and_then_what_is_missing_in_order() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let begin = client.begin_board(&mut []).await;
    for n in 1..=5 {
        saved(&client.send(board_id(1), &create_note(note_id(n), "note")).await);
    }
    client.rest().await;

    client.join(board_id(1), Some(begin)).await;

    let ServerMessage::Joined { head, .. } = client.hear().await else { panic!("not joined") };
    assert_eq!(head.seq, Seq(6));
    assert_eq!(numbers(&client.events_until(6).await), [2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_long_absence_is_made_up_for_page_by_page() {
    let cluster = Cluster::new();
    let (mut writer, mut away) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let begin = writer.begin_board(&mut [&mut away]).await.seq.0;
    let text = "word ".repeat(1_000);
    let mut positions = Vec::new();
    for n in 1..=200 {
        positions.push(saved(&writer.send(board_id(1), &create_note(note_id(n), &text)).await));
    }
    let seen = positions.get(49).expect("there are as many");
    away.joined(board_id(1), *seen).await;
    let events = away.events_until(begin + 200).await;
    assert_eq!(numbers(&events), (begin + 51..=begin + 200).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_has_no_position_pulls_the_board_and_joins_with_that_of_its_first_page() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.begin_board(&mut []).await;
    saved(&client.send(board_id(1), &create_note(note_id(1), "one")).await);
    client.rest().await;

    client.join(board_id(1), None).await;
    let ServerMessage::BaseGone { board, .. } = client.hear().await else { panic!("joined") };
    let page = client.page(board, None).await;
    assert_eq!(client.joined(board, page.position).await, page.position);
    saved(&client.send(board, &create_note(note_id(2), "two")).await);

    assert_eq!(numbers(&client.events_until(3).await), [3]);
}

#[tokio::test]
async fn who_is_told_that_their_base_is_gone_is_sent_no_events() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.begin_board(&mut []).await;
    client.join(board_id(1), Some(foreign(1))).await;
    saved(&client.send(board_id(1), &create_note(note_id(1), "one")).await);
    assert!(client.rest().await.iter().all(|it| event_of(it).is_none()));
}

#[tokio::test]
async fn a_stranger_is_turned_away_and_hears_nothing_of_what_happens() {
    let cluster = Cluster::new();
    let (mut owner, mut stranger) = (cluster.client(&person(1)), cluster.client(&person(2)));
    let begin = owner.begin_board(&mut []).await;
    stranger.hear().await;

    stranger.join(board_id(1), Some(begin)).await;
    stranger.join(board_id(404), Some(begin)).await;
    saved(&owner.send(board_id(1), &create_note(note_id(1), "secret")).await);

    let told = stranger.rest().await;
    let rejections = told.iter().map(|it| match it {
        ServerMessage::Left { rejection: Some(rejection), .. } => rejection,
        other => panic!("{other:?}"),
    });
    let [here, nowhere] = rejections.collect::<Vec<_>>()[..] else { panic!("{told:?}") };
    assert_eq!(here.code, RejectionCode::NotFound);
    assert_eq!(here, nowhere, "they cannot be told apart");
}

#[tokio::test]
async fn who_leaves_hears_no_more_of_the_board() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let begin = client.begin_board(&mut []).await;
    client.joined(board_id(1), begin).await;
    client.rest().await;

    client.leave(board_id(1)).await;
    saved(&client.send(board_id(1), &create_note(note_id(1), "unheard")).await);

    let left = ServerMessage::Left { board: board_id(1), rejection: None };
    assert_eq!(client.rest().await, [left]);
}

#[tokio::test]
async fn who_joins_twice_is_sent_each_event_once() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let begin = client.begin_board(&mut []).await;
    client.joined(board_id(1), begin).await;
    client.rest().await;
    saved(&client.send(board_id(1), &create_note(note_id(1), "one")).await);
    assert_eq!(client.event().await.seq, Seq(2));

    client.joined(board_id(1), begin).await;
    assert_eq!(numbers(&client.events_until(2).await), [2], "from the position that it names now");
    saved(&client.send(board_id(1), &create_note(note_id(2), "two")).await);

    assert_eq!(client.event().await.seq, Seq(3));
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_refused_with_its_id_and_the_session_goes_on() {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    client.hear().await;
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
        client.session.receive(&json).await;
        match client.hear().await {
            ServerMessage::Refused(Refusal { id, code, .. }) => assert_eq!((id, code), (of, with)),
            other => panic!("{json} was answered with {other:?}"),
        }
    }
    client.say(&ClientMessage::Ping).await;
    assert_eq!(client.hear().await, ServerMessage::Pong {});
}

#[tokio::test]
async fn a_session_dropped_in_the_middle_of_a_join_is_gone() {
    let cluster = Cluster::new();
    let mut owner = cluster.client(&person(1));
    let begin = owner.begin_board(&mut []).await;
    let client = cluster.client(&person(1));

    assert!(client.join(board_id(1), Some(begin)).now_or_never().is_none(), "it is under way");
    drop(client);

    assert_eq!(cluster.gateway().sessions(), 1);
    owner.joined(board_id(1), begin).await;
    saved(&owner.send(board_id(1), &create_note(note_id(1), "one")).await);
    assert_eq!(owner.event().await.seq, Seq(2));
}
