//! What is missed between core and gateway is found and fetched.

use std::sync::Arc;
use std::time::Duration;

use sockbit_application::gateway::CloseReason;
use sockbit_domain::Position;
use sockbit_memory::MemoryStore;
use tokio::time::Instant;

use crate::support::*;

/// A cluster with board 1, and a client who looks at it.
async fn looking() -> (Cluster, Client, Position) {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let begin = client.begin_board(&mut []).await;
    client.joined(board_id(1), begin).await;
    (cluster, client, begin)
}

async fn save_notes(client: &mut Client, notes: std::ops::RangeInclusive<u64>) {
    for n in notes {
        saved(&client.send(board_id(1), &create_note(note_id(n), "note")).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_announcement_is_noticed_by_the_next_one() {
    let (cluster, mut client, _) = looking().await;
    cluster.mouth.lose(true);
    save_notes(&mut client, 1..=3).await;
    cluster.mouth.lose(false);
    let begin = Instant::now();
    save_notes(&mut client, 4..=4).await;

    assert_eq!(numbers(&client.events_until(5).await), [2, 3, 4, 5]);
    assert!(begin.elapsed() < Duration::from_secs(1), "at once, by its number");
}

#[tokio::test(start_paused = true)]
async fn a_large_gap_does_not_cut_a_client_that_reads() {
    let (cluster, mut client, _) = looking().await;
    cluster.mouth.lose(true);
    save_notes(&mut client, 1..=700).await;
    cluster.mouth.lose(false);
    save_notes(&mut client, 701..=701).await;
    assert_eq!(numbers(&client.events_until(702).await), (2..=702).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_lost_last_event_is_found_within_ten_seconds() {
    let (cluster, mut client, _) = looking().await;
    cluster.mouth.lose(true);
    save_notes(&mut client, 1..=1).await;
    let begin = Instant::now();

    assert_eq!(client.event().await.seq.0, 2);

    let waited = begin.elapsed();
    assert!(waited <= Duration::from_secs(10), "after {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn after_an_interruption_heads_are_compared_at_once() {
    let (cluster, mut client, _) = looking().await;
    cluster.mouth.lose(true);
    save_notes(&mut client, 1..=1).await;
    let begin = Instant::now();

    cluster.ear().interrupt();

    assert_eq!(client.event().await.seq.0, 2);
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn while_nothing_is_missed_nobody_is_sent_anything_again() {
    let (cluster, mut client, _) = looking().await;
    save_notes(&mut client, 1..=3).await;
    assert_eq!(numbers(&client.events_until(4).await), [2, 3, 4]);
    client.rest().await;
    cluster.ear().interrupt();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(client.rest().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_with_another_history_sends_everybody_away() {
    let (mut cluster, mut client, _) = looking().await;
    save_notes(&mut client, 1..=3).await;
    client.events_until(4).await;

    // The backup is older: there the board has but its first event.
    let backup = Arc::new(MemoryStore::new());
    cluster.restore(Arc::clone(&backup));
    let mut restoring = cluster.client(&person(1));
    restoring.begin_board(&mut []).await;
    cluster.ear().interrupt();

    let reason = client.closing().await;
    assert_eq!((reason, reason.code()), (CloseReason::HistoryChanged, 4002));
    assert_eq!(cluster.gateway().sessions(), 2, "a session stands until its transport drops it");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_after_a_restored_backup_pulls_the_board_anew() {
    let (mut cluster, mut client, _) = looking().await;
    save_notes(&mut client, 1..=3).await;
    let seen = client.events_until(4).await.pop().expect("there are events").position();
    cluster.restore(Arc::new(MemoryStore::new()));
    cluster.client(&person(1)).begin_board(&mut []).await;
    cluster.ear().interrupt();
    client.closing().await;

    let mut back = cluster.client(&person(1));
    back.join(board_id(1), Some(seen)).await;

    let told =
        back.hear_where(|it| !matches!(it, sockbit_domain::wire::ServerMessage::Welcome { .. }));
    let told = told.await;
    assert!(matches!(told, sockbit_domain::wire::ServerMessage::BaseGone { .. }), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_forgets_boards_at_which_nobody_looks() {
    let (cluster, client, _) = looking().await;
    let mut other = cluster.client(&person(1));
    drop(client);
    tokio::time::sleep(Duration::from_secs(25)).await;
    cluster.ear().asked();
    saved(&other.send(board_id(2), &create_board("Other")).await);
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert!(cluster.ear().asked().is_empty(), "there are no heads to compare");
}
