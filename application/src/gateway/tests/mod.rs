//! Tests of the gateway on ports that fail, delay or reply as each test decides.

mod board_feed;
mod commands;
mod connection_limiter;
mod external_commands;
mod hub;
mod join;
mod outgoing_queue;
mod presence;
mod queries;
mod query_batcher;
mod rate_limit;
mod slot_subscriptions;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{BoxFuture, join_all};
use sockbit_domain::wire::{ClientMessage, ServerMessage};
use sockbit_domain::{BoardId, ClientId, Position, Role};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{
    CloseReason, Gateway, GatewayPorts, GatewaySettings, Identity, Session, TransportOutput,
};
use crate::bus_messages::{Admission, CoreQuery, CoreReply, EncodedMessage, PresenceUpdate};
use crate::mutex::locked;
use crate::ports::{
    Announcements, Incoming, MockCommands, Presence, Queries, SendError, Unavailable, ready_confirm,
};
use crate::query_batches::BatchableQuery;
use crate::slot::Slot;
use crate::test_fixtures::{CountingIds, person, uuid};

/// Longer than anything takes here. With paused time it passes at once.
const DEADLINE: Duration = Duration::from_mins(1);

type QueryResult = Result<CoreReply, Unavailable>;

/// Replies as a test decides, to each query of a batch by itself.
struct ScriptedQueries(Box<dyn Fn(CoreQuery) -> BoxFuture<'static, QueryResult> + Send + Sync>);

#[async_trait]
impl Queries for ScriptedQueries {
    async fn query(&self, query: CoreQuery) -> QueryResult {
        match query {
            CoreQuery::Admissions(batch) => Ok(self.each(batch).await),
            CoreQuery::EventPages(batch) => Ok(self.each(batch).await),
            query => (self.0)(query).await,
        }
    }
}

impl ScriptedQueries {
    async fn each<Q: BatchableQuery>(&self, batch: Vec<Q>) -> CoreReply {
        let reply = async |query: Q| Q::read_reply((self.0)(query.single()).await.ok()?);
        Q::replies(join_all(batch.into_iter().map(reply)).await)
    }
}

/// The result of a subscription to a slot.
type Subscribe = Box<dyn Fn(Slot) -> BoxFuture<'static, Result<(), Unavailable>> + Send + Sync>;

/// Delivers what a test sends, and records which slots are subscribed.
struct ScriptedAnnouncements {
    incoming: tokio::sync::Mutex<mpsc::UnboundedReceiver<Incoming>>,
    subscribe: Subscribe,
    slots: Arc<Mutex<Vec<Slot>>>,
}

#[async_trait]
impl Announcements for ScriptedAnnouncements {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        (self.subscribe)(slot).await?;
        locked(&self.slots).push(slot);
        Ok(())
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        locked(&self.slots).retain(|it| *it != slot);
        // As over a network: other tasks run before the confirmation arrives.
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn next(&self) -> Option<Incoming> {
        self.incoming.lock().await.recv().await
    }
}

/// Delivers the presence updates that a test sends, and passes it those of the gateway.
struct ScriptedPresence {
    remote: tokio::sync::Mutex<mpsc::UnboundedReceiver<PresenceUpdate>>,
    published: mpsc::UnboundedSender<PresenceUpdate>,
}

#[async_trait]
impl Presence for ScriptedPresence {
    async fn publish(&self, update: PresenceUpdate) {
        // The test may have ended.
        self.published.send(update).ok();
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        self.remote.lock().await.recv().await
    }
}

/// A running gateway on scripted ports.
struct GatewayFixture {
    gateway: Arc<Gateway>,
    incoming: mpsc::UnboundedSender<Incoming>,
    remote_presence: mpsc::UnboundedSender<PresenceUpdate>,
    published_presence: mpsc::UnboundedReceiver<PresenceUpdate>,
    slots: Arc<Mutex<Vec<Slot>>>,
    running: JoinHandle<()>,
}

struct FixtureBuilder {
    commands: MockCommands,
    queries: ScriptedQueries,
    subscribe: Subscribe,
    settings: GatewaySettings,
}

impl FixtureBuilder {
    /// Queries get these replies. Commands are not expected.
    fn replying(reply: impl Fn(CoreQuery) -> QueryResult + Send + Sync + 'static) -> Self {
        let ready = move |query| Box::pin(std::future::ready(reply(query))) as BoxFuture<_>;
        Self {
            commands: commands_of_one_queue(),
            queries: ScriptedQueries(Box::new(ready)),
            subscribe: Box::new(|_| Box::pin(std::future::ready(Ok(())))),
            settings: GatewaySettings::default(),
        }
    }

    /// Commands have this result. Queries fail.
    fn sending(result: Result<(), SendError>) -> Self {
        let mut builder = Self::replying(|_| Err(no_bus()));
        builder.commands.expect_send().returning(move |_| ready_confirm(result.clone()));
        builder
    }

    fn start(self) -> GatewayFixture {
        let (incoming, incoming_receiver) = mpsc::unbounded_channel();
        let (remote_presence, remote_receiver) = mpsc::unbounded_channel();
        let (published_sender, published_presence) = mpsc::unbounded_channel();
        let slots = Arc::default();
        let announcements = ScriptedAnnouncements {
            incoming: tokio::sync::Mutex::new(incoming_receiver),
            subscribe: self.subscribe,
            slots: Arc::clone(&slots),
        };
        let ports = GatewayPorts {
            commands: Arc::new(self.commands),
            queries: Arc::new(self.queries),
            announcements: Arc::new(announcements),
            presence: Arc::new(ScriptedPresence {
                remote: tokio::sync::Mutex::new(remote_receiver),
                published: published_sender,
            }),
            ids: Arc::new(CountingIds::default()),
        };
        let gateway = Gateway::new(ports, self.settings);
        let runs = Arc::clone(&gateway);
        let running = tokio::spawn(async move { runs.run().await });
        GatewayFixture { gateway, incoming, remote_presence, published_presence, slots, running }
    }
}

/// A port with one work queue, to which no command is sent.
fn commands_of_one_queue() -> MockCommands {
    let mut commands = MockCommands::new();
    commands.expect_work_queue().returning(|_| 0);
    commands
}

impl GatewayFixture {
    fn client(&self, n: u64) -> TestClient {
        let session = self.gateway.open(identity(n), address(n)).expect("it is below all limits");
        TestClient { session: Arc::new(session), received: VecDeque::new() }
    }

    fn deliver(&self, incoming: Incoming) {
        self.incoming.send(incoming).expect("the gateway runs");
    }
}

impl Drop for GatewayFixture {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// A client's session, and the messages that the test has not looked at.
struct TestClient {
    session: Arc<Session>,
    received: VecDeque<EncodedMessage>,
}

impl TestClient {
    /// Sends a message, and waits until it is handled and has its reply, if any.
    async fn send(&self, message: ClientMessage) {
        handle(&self.session, &json(&message)).await;
    }

    async fn receive(&mut self) -> ServerMessage {
        loop {
            if let Some(encoded) = self.received.pop_front() {
                return decode(&encoded);
            }
            match timeout(DEADLINE, self.session.next()).await {
                Ok(TransportOutput::Messages(messages)) => self.received.extend(messages),
                other => panic!("no message, but {other:?}"),
            }
        }
    }

    async fn receive_welcome(&mut self) {
        assert!(matches!(self.receive().await, ServerMessage::Welcome { .. }));
    }

    /// Why the session was closed, which has to be its next output.
    async fn close_reason(&self) -> CloseReason {
        match timeout(DEADLINE, self.session.next()).await {
            Ok(TransportOutput::Close(reason)) => reason,
            other => panic!("the session is open: {other:?}"),
        }
    }
}

/// Passes a message to a session as a transport does, and waits for its reply.
async fn handle(session: &Session, message: &str) {
    let mut pipeline = session.pipeline();
    pipeline.receive(message).await;
    while !pipeline.is_empty() {
        pipeline.complete_next().await;
    }
}

fn json(message: &ClientMessage) -> String {
    message.to_json().expect("it is JSON")
}

fn decode(encoded: &EncodedMessage) -> ServerMessage {
    let json = std::str::from_utf8(encoded).expect("it is UTF-8");
    ServerMessage::parse(json).expect("it is a message")
}

fn identity(n: u64) -> Identity {
    Identity { actor: person(n), client: ClientId(uuid(n)) }
}

fn address(n: u64) -> IpAddr {
    let [.., d] = n.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, d))
}

fn no_bus() -> Unavailable {
    Unavailable("no bus".to_owned())
}

fn join(board: BoardId, position: Option<Position>) -> ClientMessage {
    ClientMessage::Join { board, position }
}

/// The admission of an owner who can resume.
#[expect(clippy::unnecessary_wraps, reason = "the reply of a port is a result")]
fn admitted(head: Position) -> QueryResult {
    Ok(CoreReply::Admission(Ok(Admission { role: Role::Owner, head, resumable: true })))
}

fn event_number(message: &ServerMessage) -> Option<u64> {
    match message {
        ServerMessage::Event { event } => Some(event.seq.0),
        _ => None,
    }
}
