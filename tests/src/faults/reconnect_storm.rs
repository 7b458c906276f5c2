//! Two thousand clients that reconnect within a second.

use std::time::Duration;

use futures::future::{join_all, try_join_all};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use super::TestCluster;
use crate::servers::fresh_id;
use crate::system::{Endpoint, RawClient};

const CLIENTS: u32 = 2_000;
/// Connections that one user may have.
const CONNECTIONS_PER_GUEST: u32 = 10;
const RECONNECT_WITHIN: Duration = Duration::from_secs(1);
/// Events that the clients miss.
const MISSED_EVENTS: usize = 50;
const KEY: &str = "a key that all clients share";
const RETRY: Duration = Duration::from_millis(250);
const DEADLINE: Duration = Duration::from_mins(1);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A client that resumes from a position.
struct ReturningClient {
    endpoint: Endpoint,
    cookie: String,
    board: Uuid,
    position: Value,
}

/// Reconnects disconnected clients within a second. Returns the time until all have received every
/// event.
pub(super) async fn reconnect_within_a_second(cluster: &mut TestCluster) -> Duration {
    let endpoints: Vec<Endpoint> =
        cluster.gateways.iter().map(|it| it.process.endpoint()).collect();
    let (board, note) = (fresh_id(), fresh_id());
    let mut writer = RawClient::guest_at(&endpoints[0]).await;
    writer.save(board, json!({"type": "create_board", "title": "Reconnect storm"}), None).await;
    writer.save(board, json!({"type": "add_link", "role": "editor"}), Some(KEY)).await;
    let body =
        json!({"type": "create_note", "note": note, "text": "", "colour": "paper", "rank": "V"});
    writer.save(board, body, None).await;
    let cookies =
        join_all((0..CLIENTS / CONNECTIONS_PER_GUEST).map(|_| join_board(board, &endpoints[0])))
            .await;
    let before = writer.head(board).await;
    for _ in 0..MISSED_EVENTS {
        let body = json!({
            "type": "edit_note", "note": note, "base": before, "delta": [{"insert": "x"}],
        });
        writer.save(board, body, None).await;
    }
    let head = writer.head(board).await["seq"].as_u64().expect("a number");
    let started = Instant::now();
    let reconnecting = (0..CLIENTS).zip(cookies.iter().cycle()).map(|(number, cookie)| {
        let endpoint = endpoints[number as usize % endpoints.len()].clone();
        let member =
            ReturningClient { endpoint, cookie: cookie.clone(), board, position: before.clone() };
        tokio::spawn(async move {
            sleep(RECONNECT_WITHIN * number / CLIENTS).await;
            member.reconnect(head).await
        })
    });
    let connections = try_join_all(reconnecting).await.expect("no client panics");
    let took = started.elapsed();
    drop(connections);
    took
}

/// A guest who joins the board. Returns the guest's cookie.
async fn join_board(board: Uuid, endpoint: &Endpoint) -> String {
    let mut guest = RawClient::guest_at(endpoint).await;
    guest.save(board, json!({"type": "join_board"}), Some(KEY)).await;
    guest.cookie().to_owned()
}

impl ReturningClient {
    /// Reconnects until every event up to `head` has arrived.
    async fn reconnect(self, head: u64) -> Socket {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(socket) = self.try_to_catch_up(head).await {
                return socket;
            }
            assert!(Instant::now() < end, "a returning client does not receive every event");
            sleep(RETRY).await;
        }
    }

    /// A connection on which every event has arrived; `None` if it broke before.
    async fn try_to_catch_up(&self, head: u64) -> Option<Socket> {
        let mut request =
            self.endpoint.websocket.as_str().into_client_request().expect("an address");
        request.headers_mut().insert("cookie", self.cookie.parse().expect("a header"));
        let (mut socket, _) = connect_async(request).await.ok()?;
        let join = json!({"v": 1, "type": "join", "board": self.board, "position": self.position});
        socket.send(Message::text(join.to_string())).await.ok()?;
        let mut next = self.position["seq"].as_u64()? + 1;
        while next <= head {
            let Message::Text(text) = timeout(DEADLINE, socket.next()).await.ok()??.ok()? else {
                continue;
            };
            let message: Value = serde_json::from_str(&text).expect("the server sends JSON");
            match message["type"].as_str() {
                Some("event") => {
                    assert_eq!(message["event"]["seq"], next, "no event is missing");
                    next += 1;
                }
                Some("again") => return None,
                Some("base_gone" | "left" | "refused") => {
                    panic!("the client may resume: {message}")
                }
                _ => {}
            }
        }
        Some(socket)
    }
}
