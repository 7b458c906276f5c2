//! A WebSocket client that sends any message, valid or not.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use super::sync_client::{cookie, mint};
use super::{Endpoint, Process};

const TIMEOUT: Duration = Duration::from_secs(10);
/// For a message of one type, while others arrive.
const SKIPPING_TIMEOUT: Duration = Duration::from_mins(1);

/// A connected guest.
pub struct RawClient {
    /// The connection itself.
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    websocket: String,
    cookie: String,
}

impl RawClient {
    /// Connects as a new guest.
    pub async fn guest(app: &Process) -> Self {
        Self::guest_at(&app.endpoint()).await
    }

    /// Connects as a new guest to this endpoint.
    pub async fn guest_at(endpoint: &Endpoint) -> Self {
        let cookie = cookie(&endpoint.url).await;
        Self::connect(endpoint.websocket.clone(), cookie).await.expect("a connection")
    }

    /// Opens one more connection of the same user.
    pub async fn connect_again(&self) -> Result<Self, Error> {
        Self::connect(self.websocket.clone(), self.cookie.clone()).await
    }

    async fn connect(websocket: String, cookie: String) -> Result<Self, Error> {
        let mut request = websocket.as_str().into_client_request()?;
        request.headers_mut().insert("cookie", cookie.parse().expect("a header"));
        let (socket, _) = connect_async(request).await?;
        let mut client = Self { socket, websocket, cookie };
        client.next_message("welcome").await;
        Ok(client)
    }

    /// The identity cookie.
    #[must_use]
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The head position of a board. Joins again if the server says so.
    pub async fn head(&mut self, board: Uuid) -> Value {
        loop {
            self.send(json!({"v": 1, "type": "join", "board": board})).await;
            let message = self.next_message_of(&["base_gone", "again"]).await;
            if message["type"] == "base_gone" {
                return message["head"].clone();
            }
            pause(&message).await;
        }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends a text frame.
    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("the connection is open");
    }

    /// Sends a text frame that is not UTF-8.
    pub async fn send_broken_text(&mut self, bytes: &'static [u8]) {
        let frame = Frame::message(bytes, OpCode::Data(Data::Text), true);
        self.socket.send(Message::Frame(frame)).await.expect("the connection is open");
    }

    /// Sends a command and waits for its outcome.
    pub async fn command(&mut self, board: &str, body: Value) -> Value {
        self.raw_command(board, &body.to_string()).await
    }

    /// Like [`RawClient::command`], with a body as text, which may be invalid JSON.
    pub async fn raw_command(&mut self, board: &str, body: &str) -> Value {
        self.command_as(mint(), board, body).await
    }

    /// Like [`RawClient::raw_command`], under a chosen message id.
    pub async fn command_as(&mut self, id: Uuid, board: &str, body: &str) -> Value {
        let frame =
            format!(r#"{{"v":1,"type":"command","id":"{id}","board":"{board}","body":{body}}}"#);
        self.send_text(&frame).await;
        loop {
            let outcome = self.next_message("outcome").await;
            if outcome["id"] == json!(id) {
                return outcome;
            }
        }
    }

    /// Sends a command and returns its id without waiting for its outcome.
    pub async fn send_command(&mut self, board: Uuid, body: Value, key: Option<&str>) -> Uuid {
        let id = mint();
        self.send_command_as(id, board, &body, key).await;
        id
    }

    async fn send_command_as(&mut self, id: Uuid, board: Uuid, body: &Value, key: Option<&str>) {
        let command =
            json!({"v": 1, "type": "command", "id": id, "board": board, "key": key, "body": body});
        self.send(command).await;
    }

    /// Sends a command and waits until it is saved. Sends it again if the server says so.
    pub async fn save(&mut self, board: Uuid, body: Value, key: Option<&str>) {
        let id = mint();
        self.send_command_as(id, board, &body, key).await;
        loop {
            let message = self.next_message_of(&["outcome", "again"]).await;
            if message["id"] != json!(id) {
                continue;
            }
            if message["type"] == "outcome" {
                assert_eq!(message["outcome"]["result"], "saved", "{message}");
                return;
            }
            pause(&message).await;
            self.send_command_as(id, board, &body, key).await;
        }
    }

    /// Sends a query and waits for its reply.
    pub async fn query(&mut self, body: Value) -> Value {
        self.send(json!({"v": 1, "type": "query", "id": mint(), "body": body})).await;
        self.next_message("reply").await
    }

    /// Sends a ping and waits for the pong.
    pub async fn ping(&mut self) {
        self.send(json!({"v": 1, "type": "ping"})).await;
        self.next_message("pong").await;
    }

    /// Waits for the next message of a type and skips others.
    pub async fn next_message(&mut self, message_type: &str) -> Value {
        self.next_message_of(&[message_type]).await
    }

    /// Waits for the next message of one of these types and skips others.
    pub async fn next_message_of(&mut self, types: &[&str]) -> Value {
        let end = Instant::now() + SKIPPING_TIMEOUT;
        loop {
            let message = timeout_at(end.min(Instant::now() + TIMEOUT), self.socket.next()).await;
            let message = message.unwrap_or_else(|_| panic!("none of {types:?} in time"));
            match message {
                Some(Ok(Message::Text(json))) => {
                    let value: Value = serde_json::from_str(&json).expect("the server sends JSON");
                    assert_eq!(value["v"], 1, "every message has its version: {value}");
                    if types.iter().any(|it| value["type"] == *it) {
                        return value;
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    panic!("closed while waiting for {types:?}: {frame:?}")
                }
                Some(Ok(_)) => {}
                other => panic!("the connection broke while waiting for {types:?}: {other:?}"),
            }
        }
    }

    /// Waits until the server closes the connection and returns the close code.
    pub async fn close_code(&mut self) -> Option<CloseCode> {
        loop {
            match timeout(TIMEOUT, self.socket.next())
                .await
                .expect("the connection is closed in time")
            {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                _ => return None,
            }
        }
    }
}

/// Waits for as long as an `again` says.
async fn pause(message: &Value) {
    let after = message["after_ms"].as_u64().expect("`again` says when");
    sleep(Duration::from_millis(after)).await;
}
