//! Announcements that are lost between core and gateway are detected and fetched.

use std::sync::Arc;
use std::time::Duration;

use sockbit_application::gateway::CloseReason;
use sockbit_domain::Position;
use sockbit_memory::MemoryStore;
use tokio::time::Instant;

use crate::support::*;

/// A cluster with board 1, and a client that has joined it.
async fn cluster_with_member() -> (Cluster, TestClient, Position) {
    let cluster = Cluster::new();
    let mut client = cluster.client(&person(1));
    let start = client.create_board_with(&mut []).await;
    client.join_and_read(board_id(1), start).await;
    (cluster, client, start)
}

async fn save_notes(client: &mut TestClient, notes: std::ops::RangeInclusive<u64>) {
    for n in notes {
        saved(&client.send(board_id(1), &create_note(note_id(n), "note")).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_announcement_is_detected_with_the_next_one() {
    let (cluster, mut client, _) = cluster_with_member().await;
    cluster.announcer.lose_announcements(true);
    save_notes(&mut client, 1..=3).await;
    cluster.announcer.lose_announcements(false);
    let start = Instant::now();
    save_notes(&mut client, 4..=4).await;

    assert_eq!(numbers(&client.events_until(5).await), [2, 3, 4, 5]);
    assert!(start.elapsed() < Duration::from_secs(1), "at once, by the gap in the numbers");
}

#[tokio::test(start_paused = true)]
async fn a_large_gap_does_not_close_a_client_that_reads() {
    let (cluster, mut client, _) = cluster_with_member().await;
    cluster.announcer.lose_announcements(true);
    save_notes(&mut client, 1..=700).await;
    cluster.announcer.lose_announcements(false);
    save_notes(&mut client, 701..=701).await;
    assert_eq!(numbers(&client.events_until(702).await), (2..=702).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_lost_last_event_is_detected_within_ten_seconds() {
    let (cluster, mut client, _) = cluster_with_member().await;
    cluster.announcer.lose_announcements(true);
    save_notes(&mut client, 1..=1).await;
    let start = Instant::now();

    assert_eq!(client.event().await.seq.0, 2);

    let waited = start.elapsed();
    assert!(waited <= Duration::from_secs(10), "after {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn after_an_interruption_heads_are_compared_at_once() {
    let (cluster, mut client, _) = cluster_with_member().await;
    cluster.announcer.lose_announcements(true);
    save_notes(&mut client, 1..=1).await;
    let start = Instant::now();

    cluster.bus_endpoint().interrupt();

    assert_eq!(client.event().await.seq.0, 2);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn without_losses_no_event_is_sent_twice() {
    let (cluster, mut client, _) = cluster_with_member().await;
    save_notes(&mut client, 1..=3).await;
    assert_eq!(numbers(&client.events_until(4).await), [2, 3, 4]);
    client.read_rest().await;
    cluster.bus_endpoint().interrupt();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(client.read_rest().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_with_another_history_closes_all_sessions() {
    let (mut cluster, mut client, _) = cluster_with_member().await;
    save_notes(&mut client, 1..=3).await;
    client.events_until(4).await;

    // In the older backup the board has only its first event.
    let backup = Arc::new(MemoryStore::new());
    cluster.restore(Arc::clone(&backup));
    let mut restoring = cluster.client(&person(1));
    restoring.create_board_with(&mut []).await;
    cluster.bus_endpoint().interrupt();

    let reason = client.close_reason().await;
    assert_eq!((reason, reason.code()), (CloseReason::HistoryChanged, 4002));
    assert_eq!(cluster.gateway().sessions(), 2, "a session is open until its transport drops it");
}

#[tokio::test(start_paused = true)]
async fn after_a_restored_backup_a_client_has_to_load_the_board_again() {
    let (mut cluster, mut client, _) = cluster_with_member().await;
    save_notes(&mut client, 1..=3).await;
    let seen = client.events_until(4).await.pop().expect("there are events").position();
    cluster.restore(Arc::new(MemoryStore::new()));
    cluster.client(&person(1)).create_board_with(&mut []).await;
    cluster.bus_endpoint().interrupt();
    client.close_reason().await;

    let mut resumed = cluster.client(&person(1));
    resumed.join(board_id(1), Some(seen)).await;

    let message = resumed
        .receive_where(|it| !matches!(it, sockbit_domain::wire::ServerMessage::Welcome { .. }));
    let message = message.await;
    assert!(matches!(message, sockbit_domain::wire::ServerMessage::BaseGone { .. }), "{message:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_removes_boards_without_members() {
    let (cluster, client, _) = cluster_with_member().await;
    let mut other = cluster.client(&person(1));
    drop(client);
    tokio::time::sleep(Duration::from_secs(25)).await;
    cluster.bus_endpoint().take_queries();
    saved(&other.send(board_id(2), &create_board("Other")).await);
    tokio::time::sleep(Duration::from_secs(25)).await;
    assert!(cluster.bus_endpoint().take_queries().is_empty(), "there are no heads to compare");
}
