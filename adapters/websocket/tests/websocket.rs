//! The transport on real sockets: what it carries, and how it ends connections that break a rule.

#![expect(clippy::expect_used, reason = "a test may fail")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::routing::get;
use futures::{SinkExt, StreamExt};
use sockbit_application::envelope::{CoreQuery, CoreReply};
use sockbit_application::gateway::{Gateway, GatewayPorts, GatewaySettings, Identity};
use sockbit_application::ports::{Announcer, Ids, Queries, Unavailable, WorkQueue};
use sockbit_domain::wire::Reply;
use sockbit_domain::{Actor, ActorId, ClientId, Rejection, RejectionCode};
use sockbit_memory::{MemoryBus, WorkerEnd};
use sockbit_websocket::Settings;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(10);
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

/// Answers every question at such length that a few fill all buffers between two sockets.
struct LongAnswers;

#[async_trait]
impl Queries for LongAnswers {
    async fn query(&self, _: CoreQuery) -> Result<CoreReply, Unavailable> {
        let rejection = Rejection::new(RejectionCode::NotFound, "x".repeat(400_000));
        Ok(CoreReply::Client(Reply::Rejected(rejection)))
    }
}

/// A gateway behind the transport, and the worker's end of its bus.
struct Scene {
    gateway: Arc<Gateway>,
    worker: Arc<WorkerEnd>,
    address: SocketAddr,
}

impl Scene {
    async fn begin(settings: Settings) -> Self {
        let bus = MemoryBus::new();
        let (worker, bus) = (bus.worker(), bus.gateway());
        let ports = GatewayPorts {
            commands: bus.clone(),
            queries: Arc::new(LongAnswers),
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
        let open = async move |upgrade: WebSocketUpgrade| {
            let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let session = served.open(guest(), localhost).expect("a session");
            sockbit_websocket::upgrade(upgrade, session, settings, ())
        };
        let router = Router::new().route("/ws", get(open));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { gateway, worker, address }
    }

    /// A client that has been welcomed.
    async fn client(&self) -> WebSocketStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        let url = format!("ws://{}/ws", self.address);
        let (mut socket, _) = client_async(url, stream).await.expect("a WebSocket");
        let welcome = text(&mut socket).await;
        assert!(welcome.contains(r#""type":"welcome""#), "{welcome}");
        socket
    }

    /// Waits until the session of the one client has ended.
    async fn is_empty_within(&self, patience: Duration) {
        let end = Instant::now() + patience;
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
        match timeout(PATIENCE, socket.next()).await.expect("a message in time") {
            Some(Ok(Message::Text(text))) => return text.to_string(),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => panic!("expected a text, got {other:?}"),
        }
    }
}

async fn close_code(socket: &mut WebSocketStream<TcpStream>) -> u16 {
    loop {
        match timeout(PATIENCE, socket.next()).await.expect("a close frame in time") {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("expected a close frame, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_message_is_carried_in_and_its_answer_out() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    client.send(Message::text(PING)).await.expect("sent");
    assert_eq!(text(&mut client).await, r#"{"v":1,"type":"pong"}"#);
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_connection_stays() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    client.send(Message::text("{")).await.expect("sent");
    assert!(text(&mut client).await.contains(r#""type":"refused""#));
    client.send(Message::text(PING)).await.expect("sent");
    assert!(text(&mut client).await.contains("pong"));
}

#[tokio::test]
async fn a_binary_frame_ends_the_connection() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    client.send(Message::binary(PING.as_bytes())).await.expect("sent");
    assert_eq!(close_code(&mut client).await, 1003);
}

#[tokio::test]
async fn text_that_is_not_utf8_ends_the_connection() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    let broken = Frame::message(&b"\xc3\x28"[..], OpCode::Data(Data::Text), true);
    client.send(Message::Frame(broken)).await.expect("sent");
    assert_eq!(close_code(&mut client).await, 1007);
}

#[tokio::test]
async fn a_message_over_the_limit_ends_the_connection() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    let most = Settings::default().message_bytes_max;
    client.send(Message::text(" ".repeat(most))).await.expect("sent");
    assert!(text(&mut client).await.contains("refused"), "a message at the limit is read");
    // The server may hang up while the rest is still being sent.
    client.send(Message::text(" ".repeat(most + 1))).await.ok();
    assert_eq!(close_code(&mut client).await, 1009);
}

#[tokio::test]
async fn a_message_in_pieces_is_held_to_the_same_limit() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    let piece = vec![b' '; Settings::default().message_bytes_max / 2 + 1];
    let first = Frame::message(piece.clone(), OpCode::Data(Data::Text), false);
    let last = Frame::message(piece, OpCode::Data(Data::Continue), true);
    client.send(Message::Frame(first)).await.expect("sent");
    client.send(Message::Frame(last)).await.ok();
    assert_eq!(close_code(&mut client).await, 1009);
}

#[tokio::test]
async fn a_peer_that_does_not_speak_the_protocol_is_cut() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    // Three reserved bits, and no mask.
    client.get_mut().write_all(&[0xf1, 0x01, 0x00]).await.expect("sent");
    assert_eq!(close_code(&mut client).await, 1002);
    scene.is_empty_within(PATIENCE).await;
}

#[tokio::test]
async fn a_ping_is_answered() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    client.send(Message::Ping("you there?".into())).await.expect("sent");
    let answer = timeout(PATIENCE, client.next()).await.expect("in time");
    assert!(matches!(answer, Some(Ok(Message::Pong(said))) if said == "you there?"));
}

#[tokio::test]
async fn a_peer_that_answers_pings_stays_however_little_it_says() {
    let settings = Settings {
        ping_every: Duration::from_millis(20),
        silence_max: Duration::from_millis(200),
        ..Settings::default()
    };
    let scene = Scene::begin(settings).await;
    let mut client = scene.client().await;
    // Reading answers the pings.
    for _ in 0..30 {
        let heard = timeout(PATIENCE, client.next()).await.expect("in time");
        assert!(matches!(heard, Some(Ok(Message::Ping(_)))), "{heard:?}");
    }
    assert_eq!(scene.gateway.sessions(), 1);
}

#[tokio::test]
async fn a_peer_that_vanished_is_cut_after_a_silence() {
    let settings = Settings {
        ping_every: Duration::from_millis(50),
        silence_max: Duration::from_millis(200),
        ..Settings::default()
    };
    let scene = Scene::begin(settings).await;
    let mut client = scene.client().await;
    // It neither reads nor closes: for the server there is only silence.
    scene.is_empty_within(PATIENCE).await;
    assert_eq!(close_code(&mut client).await, 1008);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut() {
    let settings = Settings {
        write_within: Duration::from_millis(200),
        pace_min: u32::MAX,
        ..Settings::default()
    };
    let scene = Scene::begin(settings).await;
    let mut client = scene.client().await;
    for _ in 0..100 {
        // Once it was cut there is nobody to send to.
        if client.send(Message::text(QUERY)).await.is_err() {
            break;
        }
    }
    scene.is_empty_within(PATIENCE).await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_at_its_bound_while_a_write_waits_for_it() {
    let settings = Settings { write_within: Duration::from_hours(1), ..Settings::default() };
    let scene = Scene::begin(settings).await;
    let mut client = scene.client().await;
    client.send(Message::text(COMMAND)).await.expect("sent");
    let delivery = timeout(PATIENCE, scene.worker.take(1)).await.expect("in time").expect("one");
    let again = delivery[0].commands[0].with_outcome(None);
    for _ in 0..100 {
        client.send(Message::text(QUERY)).await.expect("sent");
    }
    // What was asked for waits for room and cuts nobody; what is told unasked does.
    let end = Instant::now() + PATIENCE;
    while scene.gateway.sessions() > 0 {
        assert!(Instant::now() < end, "the session should have ended");
        scene.worker.send_outcomes(vec![again.clone(); 16]).await.expect("the gateway hears");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_slow_peer_that_reads_gets_everything() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    for _ in 0..10 {
        client.send(Message::text(QUERY)).await.expect("sent");
    }
    for _ in 0..10 {
        assert!(text(&mut client).await.len() > 400_000);
    }
}

#[tokio::test]
async fn a_server_that_goes_away_says_so() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    scene.gateway.drain().await;
    assert_eq!(close_code(&mut client).await, 1001);
    scene.is_empty_within(PATIENCE).await;
}

#[tokio::test]
async fn a_peer_that_leaves_frees_its_place() {
    let scene = Scene::begin(Settings::default()).await;
    let mut client = scene.client().await;
    assert_eq!(scene.gateway.sessions(), 1);
    client.close(None).await.expect("closed");
    scene.is_empty_within(PATIENCE).await;
    let client = scene.client().await;
    drop(client);
    scene.is_empty_within(PATIENCE).await;
}
