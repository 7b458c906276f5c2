//! A client program: the Rust client machine on a real WebSocket, which comes back by itself.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use sockbit_client::{BoardClient, ClockAndIds};
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
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
/// When nothing was heard for so long, it asks whether anybody is there.
const PING_AFTER: Duration = Duration::from_secs(5);
/// When nothing was heard for so long, nobody is.
const LOST_AFTER: Duration = Duration::from_secs(10);
const SETTLED_WITHIN: Duration = Duration::from_mins(1);

/// One client of one board.
pub struct SyncClient {
    /// What the client knows and has not sent yet.
    pub machine: BoardClient,
    /// The commands that were saved, by the outcomes that arrived.
    pub saved: Vec<(MessageId, Position)>,
    /// Whatever else an outcome was.
    pub rejected: Vec<Outcome>,
    /// Where the app is reached; the first is tried next.
    endpoints: Vec<Endpoint>,
    cookie: String,
    socket: Option<Socket>,
    heard_at: Instant,
    has_pinged: bool,
}

impl SyncClient {
    /// A guest who has a cookie, and no connection yet.
    pub async fn guest(endpoints: Vec<Endpoint>, board: BoardId) -> Self {
        let endpoint = endpoints.first().expect("the app is reached somewhere");
        Self {
            cookie: cookie(&endpoint.url).await,
            machine: BoardClient::new(board, None),
            saved: Vec::new(),
            rejected: Vec::new(),
            endpoints,
            socket: None,
            heard_at: Instant::now(),
            has_pinged: false,
        }
    }

    /// Wishes for something other than an edit.
    pub fn submit(&mut self, command: Command, key: Option<&str>) {
        let id = MessageId(mint());
        self.machine.submit(command, id, now(), key.map(ToOwned::to_owned)).expect("no edit");
    }

    /// Types at a place in a note, and leaves it.
    pub fn insert(&mut self, note: NoteId, at: u32, text: &str) {
        let delta = Delta::new().retain(at).insert(text);
        self.machine.edit(note, &delta).expect("the place is in the text");
        self.machine.flush(note, &mut ClockAndIds { now: now(), mint: &mut mint });
    }

    /// Sends and receives until `end`, coming back whenever the connection is lost.
    pub async fn run_until(&mut self, end: Instant) {
        while Instant::now() < end {
            if self.socket.is_none() && !self.connect().await {
                tokio::time::sleep(RECONNECT_AFTER).await;
                continue;
            }
            if self.turn(end).await.is_err() {
                self.lose();
            }
        }
    }

    /// Whether it has joined and everything that it sent has its outcome.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.machine.join_state() == sockbit_client::JoinState::Live
            && self.machine.unsent_count() == 0
    }

    /// Runs until it is settled; panics where that takes too long.
    pub async fn settle(&mut self) {
        let end = Instant::now() + SETTLED_WITHIN;
        while !self.is_settled() {
            assert!(
                Instant::now() < end,
                "a client did not settle: {:?}",
                self.machine.join_state()
            );
            self.run_until(Instant::now() + Duration::from_millis(50)).await;
        }
    }

    /// Runs until a note shows these words; panics where that takes too long.
    pub async fn wait_for_text(&mut self, note: NoteId, words: &str) {
        let end = Instant::now() + SETTLED_WITHIN;
        while !self.machine.text(note).as_str().contains(words) {
            assert!(Instant::now() < end, "a client did not hear of {words:?}");
            self.run_until(Instant::now() + Duration::from_millis(50)).await;
        }
    }

    /// Runs until it has applied everything up to a position.
    pub async fn catch_up(&mut self, head: Option<Position>) {
        let end = Instant::now() + SETTLED_WITHIN;
        while self.machine.position().map(|it| it.seq) < head.map(|it| it.seq) {
            assert!(Instant::now() < end, "a client did not hear of {head:?}");
            self.run_until(Instant::now() + Duration::from_millis(50)).await;
        }
    }

    async fn connect(&mut self) -> bool {
        let endpoint = self.endpoints.first().expect("the app is reached somewhere");
        let mut request = endpoint.websocket.as_str().into_client_request().expect("an address");
        let cookie = self.cookie.parse().expect("a header");
        request.headers_mut().insert("cookie", cookie);
        let connected = timeout(CONNECTED_WITHIN, connect_async(request)).await;
        self.socket = connected.ok().and_then(Result::ok).map(|(socket, _)| socket);
        self.heard();
        if self.socket.is_none() {
            self.endpoints.rotate_left(1);
        }
        self.socket.is_some()
    }

    fn heard(&mut self) {
        (self.heard_at, self.has_pinged) = (Instant::now(), false);
    }

    fn lose(&mut self) {
        self.socket = None;
        self.endpoints.rotate_left(1);
        self.machine.disconnected();
    }

    /// Sends what is to be sent, and takes in what comes in a moment.
    async fn turn(&mut self, end: Instant) -> Result<(), Error> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        self.machine.tick(&mut ClockAndIds { now: now(), mint: &mut mint });
        for frame in self.machine.take_outgoing() {
            socket.feed(Message::text(frame)).await?;
        }
        if self.heard_at.elapsed() > PING_AFTER && !self.has_pinged {
            let ping = ClientMessage::Ping.to_json().expect("it is JSON");
            socket.feed(Message::text(ping)).await?;
            self.has_pinged = true;
        }
        socket.flush().await?;
        let patience = (end - Instant::now()).min(Duration::from_millis(250));
        match timeout(patience, socket.next()).await {
            Err(_) if self.heard_at.elapsed() > LOST_AFTER => Err(Error::ConnectionClosed),
            Err(_) => Ok(()),
            Ok(Some(Ok(Message::Text(json)))) => {
                self.heard();
                self.take(&json);
                Ok(())
            }
            Ok(None | Some(Ok(Message::Close(_)))) => Err(Error::ConnectionClosed),
            Ok(Some(message)) => message.map(drop),
        }
    }

    fn take(&mut self, json: &str) {
        let message = ServerMessage::parse(json).expect("the server speaks the protocol");
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

/// A fresh guest's cookie.
pub(super) async fn cookie(url: &str) -> String {
    let answer = reqwest::get(url).await.expect("the app answers");
    let set = answer.headers().get("set-cookie").expect("a guest gets a cookie");
    let set = set.to_str().expect("a cookie is ASCII");
    set.split(';').next().unwrap_or_default().to_owned()
}

#[expect(clippy::disallowed_methods, reason = "a test program has no port for ids")]
pub(super) fn mint() -> Uuid {
    Uuid::new_v4()
}

#[expect(clippy::disallowed_methods, reason = "a test program has no port for the time")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.ok().and_then(|it| i64::try_from(it.as_millis()).ok()).unwrap_or_default())
}
