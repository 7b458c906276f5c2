//! The gateway against ports that fail, lag or answer when a test says so.

mod board_feed;
mod commands;
mod connection_limiter;
mod hub;
mod intake_consumer;
mod join;
mod outgoing_queue;
mod presence;
mod queries;
mod rate_limit;
mod slot_subscriptions;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use async_trait::async_trait;
use futures::future::BoxFuture;
use sockbit_domain::wire::ClientMessage;
use sockbit_domain::{BoardId, Position, Role};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::envelope::{Admission, PresenceUpdate};
use crate::ports::{MockCommands, SendError};
use crate::slot::Slot;
use crate::testing::{CountingIds, person, uuid};

/// Longer than anything here takes; where time is paused it passes at once.
const DEADLINE: Duration = Duration::from_mins(1);

type Answering = Result<CoreReply, Unavailable>;

/// Answers as a test says.
struct ScriptedQueries(Box<dyn Fn(CoreQuery) -> BoxFuture<'static, Answering> + Send + Sync>);

#[async_trait]
impl Queries for ScriptedQueries {
    async fn query(&self, query: CoreQuery) -> Answering {
        (self.0)(query).await
    }
}

/// What comes of listening to a slot.
type Listening = Box<dyn Fn(Slot) -> BoxFuture<'static, Result<(), Unavailable>> + Send + Sync>;

/// Brings the news that a test gives, and remembers which slots are listened to.
struct ScriptedNews {
    news: tokio::sync::Mutex<mpsc::UnboundedReceiver<Incoming>>,
    listening: Listening,
    slots: Arc<Mutex<Vec<Slot>>>,
}

#[async_trait]
impl Announcements for ScriptedNews {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        (self.listening)(slot).await?;
        locked(&self.slots).push(slot);
        Ok(())
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        locked(&self.slots).retain(|it| *it != slot);
        // As over a network: others run before the word is back.
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn next(&self) -> Option<Incoming> {
        self.news.lock().await.recv().await
    }
}

/// Brings what a test tells of people, and gives it what the gateway tells.
struct ScriptedPresence {
    heard: tokio::sync::Mutex<mpsc::UnboundedReceiver<PresenceUpdate>>,
    told: mpsc::UnboundedSender<PresenceUpdate>,
}

#[async_trait]
impl Presence for ScriptedPresence {
    async fn publish(&self, presences: PresenceUpdate) {
        // A test that has ended does not look any more.
        self.told.send(presences).ok();
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        self.heard.lock().await.recv().await
    }
}

/// A running gateway, and what its surroundings do.
struct House {
    gateway: Arc<Gateway>,
    news: mpsc::UnboundedSender<Incoming>,
    elsewhere: mpsc::UnboundedSender<PresenceUpdate>,
    told: mpsc::UnboundedReceiver<PresenceUpdate>,
    slots: Arc<Mutex<Vec<Slot>>>,
    running: JoinHandle<()>,
}

struct Surroundings {
    commands: MockCommands,
    queries: ScriptedQueries,
    listening: Listening,
    settings: GatewaySettings,
}

impl Surroundings {
    /// Nobody sends commands, and questions get these answers.
    fn answering(answer: impl Fn(CoreQuery) -> Answering + Send + Sync + 'static) -> Self {
        let ready = move |query| Box::pin(std::future::ready(answer(query))) as BoxFuture<_>;
        Self {
            commands: MockCommands::new(),
            queries: ScriptedQueries(Box::new(ready)),
            listening: Box::new(|_| Box::pin(std::future::ready(Ok(())))),
            settings: GatewaySettings::default(),
        }
    }

    /// Nobody asks, and commands go this way.
    fn sending(result: Result<(), SendError>) -> Self {
        let mut surroundings = Self::answering(|_| Err(no_bus()));
        surroundings.commands.expect_send().returning(move |_| result.clone());
        surroundings
    }

    fn house(self) -> House {
        let (news, heard) = mpsc::unbounded_channel();
        let (elsewhere, heard_of_people) = mpsc::unbounded_channel();
        let (tells, told) = mpsc::unbounded_channel();
        let slots = Arc::default();
        let announcements = ScriptedNews {
            news: tokio::sync::Mutex::new(heard),
            listening: self.listening,
            slots: Arc::clone(&slots),
        };
        let ports = GatewayPorts {
            commands: Arc::new(self.commands),
            queries: Arc::new(self.queries),
            announcements: Arc::new(announcements),
            presence: Arc::new(ScriptedPresence {
                heard: tokio::sync::Mutex::new(heard_of_people),
                told: tells,
            }),
            ids: Arc::new(CountingIds::default()),
        };
        let gateway = Gateway::new(ports, self.settings);
        let runs = Arc::clone(&gateway);
        let running = tokio::spawn(async move { runs.run().await });
        House { gateway, news, elsewhere, told, slots, running }
    }
}

impl House {
    fn client(&self, n: u64) -> Client {
        let session = self.gateway.open(identity(n), home(n)).expect("there is room");
        Client { session: Arc::new(session), heard: VecDeque::new() }
    }

    fn tell(&self, news: Incoming) {
        self.news.send(news).expect("the gateway runs");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Somebody with a session, and what it was sent and has not looked at.
struct Client {
    session: Arc<Session>,
    heard: VecDeque<EncodedMessage>,
}

impl Client {
    async fn say(&self, message: ClientMessage) {
        self.session.receive(&message.to_json().expect("it is JSON")).await;
    }

    async fn hear(&mut self) -> ServerMessage {
        loop {
            if let Some(encoded) = self.heard.pop_front() {
                return decode(&encoded);
            }
            match timeout(DEADLINE, self.session.next()).await {
                Ok(SessionOutput::Messages(messages)) => self.heard.extend(messages),
                other => panic!("no message comes, but {other:?}"),
            }
        }
    }

    /// Why the session ends, once everything before that is read.
    async fn closing(&self) -> CloseReason {
        match timeout(DEADLINE, self.session.next()).await {
            Ok(SessionOutput::Close(reason)) => reason,
            other => panic!("the session goes on with {other:?}"),
        }
    }

    async fn hears_the_welcome(&mut self) {
        assert!(matches!(self.hear().await, ServerMessage::Welcome { .. }));
    }
}

fn decode(encoded: &EncodedMessage) -> ServerMessage {
    let json = std::str::from_utf8(encoded).expect("it is UTF-8");
    ServerMessage::parse(json).expect("it is a message")
}

fn identity(n: u64) -> Identity {
    Identity { actor: person(n), client: ClientId(uuid(n)) }
}

fn home(n: u64) -> IpAddr {
    let [.., d] = n.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, d))
}

fn no_bus() -> Unavailable {
    Unavailable("no bus".to_owned())
}

fn join(board: BoardId, position: Option<Position>) -> ClientMessage {
    ClientMessage::Join { board, position }
}

/// An owner may join and be sent what is missing.
#[expect(clippy::unnecessary_wraps, reason = "it answers as the port does")]
fn admitted(head: Position) -> Answering {
    Ok(CoreReply::Admission(Ok(Admission { role: Role::Owner, head, resumable: true })))
}

fn event_number(message: &ServerMessage) -> Option<u64> {
    match message {
        ServerMessage::Event { event } => Some(event.seq.0),
        _ => None,
    }
}
