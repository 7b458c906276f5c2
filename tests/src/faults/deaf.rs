//! Clients that join every board and then read nothing any more.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use sockbit_domain::BoardId;
use tokio::time::{Instant, sleep};

use super::{House, People};
use crate::system::{Front, Process, RawPeer, eventually};

const DEAF: usize = 50;

/// They come, stop reading, and are cut while people go on; says how long the last of them stayed.
pub(super) async fn clients_stop_reading(house: &mut House, people: &People) -> Duration {
    let before = sessions(house).await;
    let fronts = house.fronts();
    let mut deaf = Vec::new();
    for front in fronts.iter().cycle().take(DEAF) {
        deaf.push(deaf_client(front, &people.boards(), people.key()).await);
    }
    let stopped = Instant::now();
    eventually("those who do not read to be cut", async || {
        sleep(Duration::from_millis(100)).await;
        (sessions(house).await <= before).then_some(())
    })
    .await;
    drop(deaf);
    stopped.elapsed()
}

/// A member of all boards, who is sent their events from here on.
async fn deaf_client(front: &Front, boards: &[BoardId], key: &str) -> RawPeer {
    let mut client = RawPeer::guest_at(front).await;
    for board in boards {
        client.saves(board.0, json!({"type": "join_board"}), Some(key)).await;
    }
    for board in boards {
        client.send(json!({"v": 1, "type": "join", "board": board})).await;
        let head = client.next_of("base_gone").await["head"].clone();
        client.send(json!({"v": 1, "type": "join", "board": board, "position": head})).await;
    }
    client
}

/// Live connections at all gateways.
async fn sessions(house: &House) -> usize {
    let each = house.gateways.iter().map(|gateway| sessions_at(&gateway.process));
    join_all(each).await.into_iter().sum()
}

async fn sessions_at(gateway: &Process) -> usize {
    let answer = reqwest::get(format!("{}/metrics", gateway.url())).await;
    let text = answer.expect("the gateway answers").text().await.expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("sockbit_sessions "));
    line.and_then(|count| count.trim().parse().ok()).expect("the gateway counts its sessions")
}
