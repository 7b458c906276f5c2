//! Clients that join every board and then stop reading.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use sockbit_domain::BoardId;
use tokio::time::{Instant, sleep};

use super::{TestCluster, TypingClients};
use crate::system::{Endpoint, Process, RawClient, eventually};

const STALLED_CLIENTS: usize = 50;
/// How long the rate is measured before the stall.
const RATE_MEASURED_FOR: Duration = Duration::from_secs(2);

/// How the clients that stopped reading were handled.
pub(super) struct StallResult {
    /// How long the last of them stayed connected.
    pub connected_for: Duration,
    /// The rate of the other clients during the stall, relative to the rate before.
    pub relative_rate: f64,
}

/// Clients join, stop reading, and are disconnected while others go on typing.
///
/// They connect to the gateways directly, since a proxy would buffer for them.
pub(super) async fn clients_stop_reading(
    cluster: &mut TestCluster,
    clients: &TypingClients,
) -> StallResult {
    let before = sessions(cluster).await;
    let rate_before = clients.rate_over(RATE_MEASURED_FOR).await;
    let endpoints: Vec<_> =
        cluster.gateways.iter().map(|gateway| gateway.process.endpoint()).collect();
    let mut stalled = Vec::new();
    for endpoint in endpoints.iter().cycle().take(STALLED_CLIENTS) {
        stalled.push(stalled_client(endpoint, &clients.boards(), clients.key()).await);
    }
    let (stopped, saved) = (Instant::now(), clients.saved());
    eventually("clients that do not read to be disconnected", async || {
        sleep(Duration::from_millis(100)).await;
        (sessions(cluster).await <= before).then_some(())
    })
    .await;
    drop(stalled);
    let connected_for = stopped.elapsed();
    let relative_rate = clients.rate_since(saved, connected_for) / rate_before;
    StallResult { connected_for, relative_rate }
}

/// A member of all boards that is subscribed to their events.
async fn stalled_client(endpoint: &Endpoint, boards: &[BoardId], key: &str) -> RawClient {
    let mut client = RawClient::guest_at(endpoint).await;
    for board in boards {
        client.save(board.0, json!({"type": "join_board"}), Some(key)).await;
    }
    for board in boards {
        let head = client.head(board.0).await;
        client.send(json!({"v": 1, "type": "join", "board": board, "position": head})).await;
    }
    client
}

/// The open connections of all gateways.
async fn sessions(cluster: &TestCluster) -> usize {
    let each = cluster.gateways.iter().map(|gateway| sessions_at(&gateway.process));
    join_all(each).await.into_iter().sum()
}

async fn sessions_at(gateway: &Process) -> usize {
    let response = reqwest::get(format!("{}/metrics", gateway.url())).await;
    let text = response.expect("the gateway responds").text().await.expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("sockbit_sessions "));
    line.and_then(|count| count.trim().parse().ok()).expect("the gateway counts its sessions")
}
