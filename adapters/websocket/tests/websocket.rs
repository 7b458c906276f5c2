//! The transport on real sockets: messages both ways, and the end of connections that violate a
//! rule.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use futures::{SinkExt, StreamExt};
use sockbit_application::bus_messages::{CoreQuery, CoreReply};
use sockbit_application::gateway::{Gateway, GatewayPorts, GatewaySettings, Identity};
use sockbit_application::ports::{Announcer, Ids, Queries, Unavailable, WorkQueue};
use sockbit_domain::wire::Reply;
use sockbit_domain::{Actor, ActorId, ClientId, Rejection, RejectionCode};
use sockbit_memory::{MemoryBus, WorkerEndpoint};
use sockbit_websocket::{Settings, WebSocketUpgrade};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

const TIMEOUT: Duration = Duration::from_secs(10);
const PING: &str = r#"{"v":1,"type":"ping"}"#;
const QUERY: &str = r#"{"v":1,"type":"query","id":"00000000-0000-4000-8000-000000000001","body":{"type":"my_boards"}}"#;
const COMMAND: &str = r#"{"v":1,"type":"command","id":"00000000-0000-4000-8000-000000000002","board":"00000000-0000-4000-8000-000000000003","body":{"type":"join_board"}}"#;

struct RandomIds;

impl Ids for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "a source of identifiers")]
    fn mint(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// Replies to every query with so much text that a few replies fill all buffers between two
/// sockets.
struct LongReplies;

#[async_trait]
impl Queries for LongReplies {
    async fn query(&self, _: CoreQuery) -> Result<CoreReply, Unavailable> {
        let rejection = Rejection::new(RejectionCode::NotFound, "x".repeat(400_000));
        Ok(CoreReply::Client(Reply::Rejected(rejection)))
    }
}

/// A gateway behind the transport, and the worker's endpoint of its bus.
struct Fixture {
    gateway: Arc<Gateway>,
    worker: Arc<WorkerEndpoint>,
    address: SocketAddr,
}

impl Fixture {
    async fn start(settings: Settings) -> Self {
        let bus = MemoryBus::new();
        let (worker, bus) = (bus.worker(), bus.gateway());
        let ports = GatewayPorts {
            commands: bus.clone(),
            queries: Arc::new(LongReplies),
            announcements: bus.clone(),
            presence: bus,
            ids: Arc::new(RandomIds),
        };
        let gateway = Gateway::new(
            ports,
            GatewaySettings { messages_burst: 10_000, ..GatewaySettings::default() },
        );
        let runs = Arc::clone(&gateway);
        tokio::spawn(async move { runs.run().await });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let served = Arc::clone(&gateway);
        let settings = Arc::new(settings);
        let open = async move |upgrade: WebSocketUpgrade| {
            let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let session = served.open(guest(), localhost).expect("a session");
            sockbit_websocket::upgrade(upgrade, session, Arc::clone(&settings), ())
        };
        let router = Router::new().route("/ws", get(open));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { gateway, worker, address }
    }

    /// A client that has received the welcome.
    async fn client(&self) -> WebSocketStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        let url = format!("ws://{}/ws", self.address);
        let (mut socket, _) = client_async(url, stream).await.expect("a WebSocket");
        let welcome = text(&mut socket).await;
        assert!(welcome.contains(r#""type":"welcome""#), "{welcome}");
        socket
    }

    /// Waits until the client's session has ended.
    async fn is_empty_within(&self, within: Duration) {
        let end = Instant::now() + within;
        while self.gateway.sessions() > 0 {
            assert!(Instant::now() < end, "the session should have ended");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn guest() -> Identity {
    let actor = Actor { id: ActorId(RandomIds.mint()), name: "Ada".to_owned(), colour: 0 };
    Identity { actor, client: ClientId(RandomIds.mint()) }
}

async fn text(socket: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        match timeout(TIMEOUT, socket.next()).await.expect("a message in time") {
            Some(Ok(Message::Text(text))) => return text.to_string(),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => panic!("expected a text, got {other:?}"),
        }
    }
}

async fn close_code(socket: &mut WebSocketStream<TcpStream>) -> u16 {
    loop {
        match timeout(TIMEOUT, socket.next()).await.expect("a close frame in time") {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("expected a close frame, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_message_is_received_and_answered() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    client.send(Message::text(PING)).await.expect("sent");
    assert_eq!(text(&mut client).await, r#"{"v":1,"type":"pong"}"#);
}

#[tokio::test]
async fn an_invalid_message_is_refused_and_the_connection_stays() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    client.send(Message::text("{")).await.expect("sent");
    assert!(text(&mut client).await.contains(r#""type":"refused""#));
    client.send(Message::text(PING)).await.expect("sent");
    assert!(text(&mut client).await.contains("pong"));
}

#[tokio::test]
async fn a_binary_frame_ends_the_connection() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    client.send(Message::binary(PING.as_bytes())).await.expect("sent");
    assert_eq!(close_code(&mut client).await, 1003);
}

#[tokio::test]
async fn text_that_is_not_utf8_ends_the_connection() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    let broken = Frame::message(&b"\xc3\x28"[..], OpCode::Data(Data::Text), true);
    client.send(Message::Frame(broken)).await.expect("sent");
    assert_eq!(close_code(&mut client).await, 1007);
}

#[tokio::test]
async fn a_message_over_the_limit_ends_the_connection() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    let most = Settings::default().message_bytes_max;
    client.send(Message::text(" ".repeat(most))).await.expect("sent");
    assert!(text(&mut client).await.contains("refused"), "a message at the limit is read");
    // The server may close the connection while the rest is still being sent.
    client.send(Message::text(" ".repeat(most + 1))).await.ok();
    assert_eq!(close_code(&mut client).await, 1009);
}

#[tokio::test]
async fn a_fragmented_message_has_the_same_limit() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    let piece = vec![b' '; Settings::default().message_bytes_max / 2 + 1];
    let first = Frame::message(piece.clone(), OpCode::Data(Data::Text), false);
    let last = Frame::message(piece, OpCode::Data(Data::Continue), true);
    client.send(Message::Frame(first)).await.expect("sent");
    client.send(Message::Frame(last)).await.ok();
    assert_eq!(close_code(&mut client).await, 1009);
}

#[tokio::test]
async fn a_peer_that_violates_the_protocol_is_disconnected() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    // Three reserved bits, and no mask.
    client.get_mut().write_all(&[0xf1, 0x01, 0x00]).await.expect("sent");
    assert_eq!(close_code(&mut client).await, 1002);
    fixture.is_empty_within(TIMEOUT).await;
}

#[tokio::test]
async fn a_ping_is_answered() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    client.send(Message::Ping("you there?".into())).await.expect("sent");
    let reply = timeout(TIMEOUT, client.next()).await.expect("in time");
    assert!(matches!(reply, Some(Ok(Message::Pong(payload))) if payload == "you there?"));
}

#[tokio::test]
async fn a_peer_that_answers_pings_stays_connected() {
    let settings = Settings {
        ping_interval: Duration::from_millis(20),
        silence_max: Duration::from_millis(200),
        ..Settings::default()
    };
    let fixture = Fixture::start(settings).await;
    let mut client = fixture.client().await;
    // Reading answers the pings.
    for _ in 0..30 {
        let received = timeout(TIMEOUT, client.next()).await.expect("in time");
        assert!(matches!(received, Some(Ok(Message::Ping(_)))), "{received:?}");
    }
    assert_eq!(fixture.gateway.sessions(), 1);
}

#[tokio::test]
async fn a_silent_peer_is_disconnected() {
    let settings = Settings {
        ping_interval: Duration::from_millis(50),
        silence_max: Duration::from_millis(200),
        ..Settings::default()
    };
    let fixture = Fixture::start(settings).await;
    let mut client = fixture.client().await;
    // It neither reads nor closes, so the server receives nothing.
    fixture.is_empty_within(TIMEOUT).await;
    assert_eq!(close_code(&mut client).await, 1008);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_disconnected() {
    let settings = Settings {
        write_timeout: Duration::from_millis(200),
        bytes_per_second_min: u32::MAX,
        ..Settings::default()
    };
    let fixture = Fixture::start(settings).await;
    let mut client = fixture.client().await;
    for _ in 0..100 {
        // It fails once the peer was disconnected.
        if client.send(Message::text(QUERY)).await.is_err() {
            break;
        }
    }
    fixture.is_empty_within(TIMEOUT).await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_disconnected_at_its_limit_during_a_write() {
    let settings = Settings { write_timeout: Duration::from_hours(1), ..Settings::default() };
    let fixture = Fixture::start(settings).await;
    let mut client = fixture.client().await;
    client.send(Message::text(COMMAND)).await.expect("sent");
    let delivery = timeout(TIMEOUT, fixture.worker.take(1)).await.expect("in time").expect("one");
    let again = delivery[0].commands[0].with_outcome(None);
    for _ in 0..100 {
        client.send(Message::text(QUERY)).await.expect("sent");
    }
    // Replies wait for room and disconnect no peer; unsolicited messages do.
    let end = Instant::now() + TIMEOUT;
    while fixture.gateway.sessions() > 0 {
        assert!(Instant::now() < end, "the session should have ended");
        fixture
            .worker
            .publish(Vec::new(), vec![again.clone(); 16])
            .await
            .expect("the gateway receives");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_slow_peer_that_reads_gets_everything() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    for _ in 0..10 {
        client.send(Message::text(QUERY)).await.expect("sent");
    }
    for _ in 0..10 {
        assert!(text(&mut client).await.len() > 400_000);
    }
}

#[tokio::test]
async fn a_server_that_shuts_down_closes_with_going_away() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    fixture.gateway.drain().await;
    assert_eq!(close_code(&mut client).await, 1001);
    fixture.is_empty_within(TIMEOUT).await;
}

#[tokio::test]
async fn a_close_frame_is_answered_with_its_code() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    let frame = CloseFrame { code: 4_000.into(), reason: "bye".into() };
    client.close(Some(frame)).await.expect("closed");
    assert_eq!(close_code(&mut client).await, 4_000);
    fixture.is_empty_within(TIMEOUT).await;
}

#[tokio::test]
async fn a_request_for_another_version_is_refused() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut stream = TcpStream::connect(fixture.address).await.expect("a connection");
    let request = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.expect("a response");
    assert_eq!(&status, b"HTTP/1.1 400");
    assert_eq!(fixture.gateway.sessions(), 0);
}

#[tokio::test]
async fn a_peer_that_leaves_ends_its_session() {
    let fixture = Fixture::start(Settings::default()).await;
    let mut client = fixture.client().await;
    assert_eq!(fixture.gateway.sessions(), 1);
    client.close(None).await.expect("closed");
    fixture.is_empty_within(TIMEOUT).await;
    let client = fixture.client().await;
    drop(client);
    fixture.is_empty_within(TIMEOUT).await;
}
