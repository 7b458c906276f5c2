//! The Rust sync client on a real WebSocket. It reconnects by itself.

use std::sync::LazyLock;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use sockbit_client::{BoardClient, ClockAndIds, MonotonicTime, Now};
use sockbit_domain::wire::{ClientMessage, ServerMessage};
use sockbit_domain::{BoardId, Command, Delta, MessageId, NoteId, Outcome, Position, Timestamp};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use super::Endpoint;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const RECONNECT_AFTER: Duration = Duration::from_millis(100);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time without a message after which the client sends a ping.
const PING_AFTER: Duration = Duration::from_secs(5);
/// The time without a message after which the connection counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(10);
const SETTLE_TIMEOUT: Duration = Duration::from_mins(1);

/// A guest with one board.
pub struct SyncClient {
    /// The state machine of the client.
    pub machine: BoardClient,
    /// Ids and positions of the commands with the outcome `saved`.
    pub saved: Vec<(MessageId, Position)>,
    /// All other outcomes.
    pub rejected: Vec<Outcome>,
    /// Endpoints of the app; the first is tried next.
    endpoints: Vec<Endpoint>,
    cookie: String,
    socket: Option<Socket>,
    received_at: Instant,
    has_pinged: bool,
}

impl SyncClient {
    /// A guest with a cookie, not connected yet.
    pub async fn guest(endpoints: Vec<Endpoint>, board: BoardId) -> Self {
        let endpoint = endpoints.first().expect("an endpoint");
        Self {
            cookie: cookie(&endpoint.url).await,
            machine: BoardClient::new(board, None),
            saved: Vec::new(),
            rejected: Vec::new(),
            endpoints,
            socket: None,
            received_at: Instant::now(),
            has_pinged: false,
        }
    }

    /// Submits a command other than an edit.
    pub fn submit(&mut self, command: Command, key: Option<&str>) {
        let id = MessageId(mint());
        self.machine.submit(command, id, now(), key.map(ToOwned::to_owned)).expect("not an edit");
    }

    /// Inserts text into a note and flushes the edit.
    pub fn insert(&mut self, note: NoteId, at: u32, text: &str) {
        let delta = Delta::new().retain(at).insert(text);
        self.machine.edit(note, &delta).expect("the offset is in the text");
        self.machine.flush(note, &mut ClockAndIds { now: now(), mint: &mut mint });
    }

    /// Sends and receives until `end`, and reconnects whenever the connection is lost.
    pub async fn run_until(&mut self, end: Instant) {
        while Instant::now() < end {
            if self.socket.is_none() && !self.connect().await {
                tokio::time::sleep(RECONNECT_AFTER).await;
                continue;
            }
            if self.exchange(end).await.is_err() {
                self.disconnect();
            }
        }
    }

    /// Whether it has joined and every command has its outcome.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.machine.join_state() == sockbit_client::JoinState::Live
            && self.machine.unsent_count() == 0
    }

    /// Runs until it is settled; panics after a minute.
    pub async fn settle(&mut self) {
        let end = Instant::now() + SETTLE_TIMEOUT;
        while !self.is_settled() {
            assert!(
                Instant::now() < end,
                "a client did not settle: {:?}",
                self.machine.join_state()
            );
            self.run_until(Instant::now() + Duration::from_millis(50)).await;
        }
    }

    /// Runs until a note contains this text; panics after a minute.
    pub async fn wait_for_text(&mut self, note: NoteId, part: &str) {
        let end = Instant::now() + SETTLE_TIMEOUT;
        while !self.machine.text(note).as_str().contains(part) {
            assert!(Instant::now() < end, "a client did not receive {part:?}");
            self.run_until(Instant::now() + Duration::from_millis(50)).await;
        }
    }

    /// Runs until it has applied everything up to a position.
    pub async fn catch_up(&mut self, head: Option<Position>) {
        let end = Instant::now() + SETTLE_TIMEOUT;
        while self.machine.position().map(|it| it.seq) < head.map(|it| it.seq) {
            assert!(Instant::now() < end, "a client did not reach {head:?}");
            self.run_until(Instant::now() + Duration::from_millis(50)).await;
        }
    }

    async fn connect(&mut self) -> bool {
        let endpoint = self.endpoints.first().expect("an endpoint");
        let mut request = endpoint.websocket.as_str().into_client_request().expect("a URL");
        let cookie = self.cookie.parse().expect("a header");
        request.headers_mut().insert("cookie", cookie);
        let connected = timeout(CONNECT_TIMEOUT, connect_async(request)).await;
        self.socket = connected.ok().and_then(Result::ok).map(|(socket, _)| socket);
        self.message_received();
        if self.socket.is_none() {
            self.endpoints.rotate_left(1);
        }
        self.socket.is_some()
    }

    fn message_received(&mut self) {
        (self.received_at, self.has_pinged) = (Instant::now(), false);
    }

    fn disconnect(&mut self) {
        self.socket = None;
        self.endpoints.rotate_left(1);
        self.machine.disconnected();
    }

    /// Sends all outgoing frames and receives at most one message.
    async fn exchange(&mut self, end: Instant) -> Result<(), Error> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        self.machine.tick(&mut ClockAndIds { now: now(), mint: &mut mint });
        for frame in self.machine.take_outgoing() {
            socket.feed(Message::text(frame)).await?;
        }
        if self.received_at.elapsed() > PING_AFTER && !self.has_pinged {
            let ping = ClientMessage::Ping.to_json().expect("valid JSON");
            socket.feed(Message::text(ping)).await?;
            self.has_pinged = true;
        }
        socket.flush().await?;
        let time_limit = (end - Instant::now()).min(Duration::from_millis(250));
        match timeout(time_limit, socket.next()).await {
            Err(_) if self.received_at.elapsed() > LOST_AFTER => Err(Error::ConnectionClosed),
            Err(_) => Ok(()),
            Ok(Some(Ok(Message::Text(json)))) => {
                self.message_received();
                self.receive(&json);
                Ok(())
            }
            Ok(None | Some(Ok(Message::Close(_)))) => Err(Error::ConnectionClosed),
            Ok(Some(message)) => message.map(drop),
        }
    }

    fn receive(&mut self, json: &str) {
        let message = ServerMessage::parse(json).expect("a valid server message");
        let clock_and_ids = &mut ClockAndIds { now: now(), mint: &mut mint };
        match message {
            ServerMessage::Welcome { actor, .. } => self.machine.connected(actor, clock_and_ids),
            ServerMessage::Outcome { id, board, outcome } => {
                match &outcome {
                    Outcome::Saved { position } => self.saved.push((id, *position)),
                    other => self.rejected.push(other.clone()),
                }
                self.machine.receive(ServerMessage::Outcome { id, board, outcome }, clock_and_ids);
            }
            other => self.machine.receive(other, clock_and_ids),
        }
        drop(self.machine.take_changes());
    }
}

/// The cookie of a new guest.
pub(super) async fn cookie(url: &str) -> String {
    let response = reqwest::get(url).await.expect("the app responds");
    let set = response.headers().get("set-cookie").expect("a guest gets a cookie");
    let set = set.to_str().expect("a cookie is ASCII");
    set.split(';').next().unwrap_or_default().to_owned()
}

#[expect(clippy::disallowed_methods, reason = "a test program has no port for ids")]
pub(super) fn mint() -> Uuid {
    Uuid::new_v4()
}

#[expect(clippy::disallowed_methods, reason = "a test program has no port for the time")]
fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let wall = since.ok().and_then(|it| i64::try_from(it.as_millis()).ok()).unwrap_or_default();
    let monotonic = i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX);
    Now { wall: Timestamp(wall), monotonic: MonotonicTime(monotonic) }
}
