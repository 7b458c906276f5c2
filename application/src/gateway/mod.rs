//! The gateway: holds clients' sessions, puts their messages on the bus and brings them the news.
//! It has no database and no rule about boards.

mod board_feed;
mod command_sender;
mod connection_limiter;
mod encoded_event;
mod hub;
mod intake_consumer;
mod outgoing_queue;
mod presence;
mod session;
mod single_flight;
#[cfg(test)]
mod tests;
mod token_bucket;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sockbit_domain::wire::{Query, Reply, SentCommand, ServerMessage};
use sockbit_domain::{Actor, ActorId, ClientId, Outcome};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::backoff;
use crate::envelope::{Address, CoreQuery, CoreReply, EncodedMessage, OutcomeEnvelope};
use crate::ports::{Announcements, Commands, Ids, Incoming, Presence, Queries, Unavailable};

use command_sender::CommandSender;
use connection_limiter::ConnectionLimiter;
use hub::Hub;
use outgoing_queue::OutgoingQueue;
use presence::PresenceHub;

pub use connection_limiter::ConnectionRefused;
pub use outgoing_queue::{CloseReason, SessionOutput};
pub use session::{RequestPipeline, Session};

/// What a gateway needs from the world.
#[derive(Clone)]
pub struct GatewayPorts {
    /// Takes commands to the core.
    pub commands: Arc<dyn Commands>,
    /// Takes questions to the core.
    pub queries: Arc<dyn Queries>,
    /// Brings the news.
    pub announcements: Arc<dyn Announcements>,
    /// Brings who is where, to and from other gateways.
    pub presence: Arc<dyn Presence>,
    /// Mints trace ids and the gateway's own id.
    pub ids: Arc<dyn Ids>,
}

/// What a gateway holds its clients to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySettings {
    /// Connections from one address.
    pub connections_per_address_max: usize,
    /// Connections of one person.
    pub connections_per_actor_max: usize,
    /// Boards joined over one connection.
    pub boards_per_connection_max: usize,
    /// Messages a second from one connection, on average.
    pub messages_per_second: u32,
    /// Messages at once from one connection.
    pub messages_burst: u32,
    /// Messages waiting to be written to one connection.
    pub outgoing_messages_max: usize,
    /// Bytes waiting to be written to one connection, or being written.
    pub outgoing_bytes_max: usize,
    /// Bytes waiting to be written to all connections together, or being written.
    pub outgoing_bytes_total_max: usize,
    /// Bytes of late events kept for one board.
    pub feed_bytes_max: usize,
    /// Bytes of late events kept for all boards together.
    pub feed_bytes_total_max: usize,
    /// How often the heads of all boards are compared.
    pub heads_every: Duration,
    /// How long a form waits for its outcome.
    pub outcome_within: Duration,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            connections_per_address_max: 50,
            connections_per_actor_max: 10,
            boards_per_connection_max: 64,
            messages_per_second: 20,
            messages_burst: 60,
            outgoing_messages_max: 256,
            outgoing_bytes_max: 1024 * 1024,
            outgoing_bytes_total_max: 256 * 1024 * 1024,
            feed_bytes_max: 128 * 1024,
            feed_bytes_total_max: 64 * 1024 * 1024,
            heads_every: Duration::from_secs(10),
            outcome_within: Duration::from_secs(10),
        }
    }
}

/// Whom a transport has authenticated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Who sends.
    pub actor: Actor,
    /// The installation that it comes from.
    pub client: ClientId,
}

/// Holds the sessions of one process.
pub struct Gateway {
    id: Uuid,
    ports: GatewayPorts,
    settings: GatewaySettings,
    hub: Arc<Hub>,
    presence: PresenceHub,
    sender: CommandSender,
    limiter: Arc<ConnectionLimiter>,
    numbers: AtomicU64,
    recipients: Arc<Mutex<BTreeMap<u64, Recipient>>>,
}

/// Who waits for outcomes.
enum Recipient {
    Session(Arc<OutgoingQueue>),
    Once(oneshot::Sender<Option<Outcome>>),
}

impl Gateway {
    /// A gateway on these ports. It hears nothing until it runs.
    #[must_use]
    pub fn new(ports: GatewayPorts, settings: GatewaySettings) -> Arc<Self> {
        let id = ports.ids.mint();
        let (queries, announcements) =
            (Arc::clone(&ports.queries), Arc::clone(&ports.announcements));
        let hub = Hub::new(id, queries, announcements, &settings);
        let presence = PresenceHub::new(id, Arc::clone(&ports.presence));
        let limiter = Arc::new(ConnectionLimiter::new(&settings));
        Arc::new(Self {
            id,
            sender: CommandSender::new(),
            hub: Arc::new(hub),
            presence,
            limiter,
            numbers: AtomicU64::new(1),
            recipients: Arc::default(),
            ports,
            settings,
        })
    }

    /// Sends commands on, hears the news, compares heads and tells who is where, until the bus is
    /// closed.
    pub async fn run(self: &Arc<Self>) {
        let sending = self.sender.run(&*self.ports.commands, |answers| self.deliver(answers));
        tokio::select! {
            // In an order that is always the same, so that a run can be repeated.
            biased;
            () = self.hear() => {}
            () = sending => {}
            () = self.hub.compare_heads_regularly(self.settings.heads_every) => {}
            () = self.hub.cease_to_listen_regularly(self.settings.heads_every) => {}
            () = self.presence.run() => {}
        }
    }

    async fn hear(&self) {
        while let Some(news) = self.ports.announcements.next().await {
            match news {
                Incoming::Announcement(announcement) => self.hub.announced(announcement).await,
                Incoming::Outcomes(answers) => self.deliver(answers),
                Incoming::Interrupted => self.hub.compare_heads_now(),
            }
        }
    }

    /// Begins a session for a client, unless it or its address has too many.
    pub fn open(
        self: &Arc<Self>,
        identity: Identity,
        address: IpAddr,
    ) -> Result<Session, ConnectionRefused> {
        let place = Arc::clone(&self.limiter).admit(identity.actor.id, address)?;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let outgoing = Arc::new(self.limiter.outgoing(&self.settings));
        self.recipients().insert(number, Recipient::Session(Arc::clone(&outgoing)));
        // A drain that began since the admission may not have seen this session.
        if self.limiter.is_closed() {
            outgoing.close(CloseReason::GoingAway);
        }
        Ok(Session::begin(Arc::clone(self), number, identity, outgoing, place))
    }

    /// Sends one command and waits for its outcome: for forms and programs that hold no session.
    ///
    /// When it says unavailable, the command may have been saved or not; sending it again under the
    /// same id tells.
    pub async fn command(
        &self,
        identity: &Identity,
        sent: SentCommand,
    ) -> Result<Outcome, Unavailable> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (recipient, outcome) = oneshot::channel();
        self.recipients().insert(number, Recipient::Once(recipient));
        let _waits = Waits { gateway: self, number };
        let waiting = self.command_and_wait(number, identity, sent, outcome);
        let outcome = tokio::time::timeout(self.settings.outcome_within, waiting).await;
        outcome.ok().flatten().ok_or_else(|| Unavailable("no outcome in time".to_owned()))
    }

    async fn command_and_wait(
        &self,
        number: u64,
        identity: &Identity,
        sent: SentCommand,
        outcome: oneshot::Receiver<Option<Outcome>>,
    ) -> Option<Outcome> {
        let envelope = command_sender::envelope(
            sent,
            identity,
            Address { gateway: self.id, session: number },
            &*self.ports.ids,
        );
        self.sender.send(envelope).await.ok()?;
        outcome.await.ok().flatten()
    }

    /// Asks a query for somebody.
    pub async fn query(&self, actor: ActorId, query: Query) -> Result<Reply, Unavailable> {
        metrics::counter!("sockbit_queries_total", "query" => query.kind()).increment(1);
        match self.ports.queries.query(CoreQuery::Client { actor, query }).await? {
            CoreReply::Client(reply) => Ok(reply),
            _ => Err(Unavailable("the store cannot be asked now".to_owned())),
        }
    }

    /// Takes no new sessions, and tells those that there are to go elsewhere: each at a moment of its
    /// own, the more of them the longer, so that they do not all arrive there at once.
    pub async fn drain(&self) {
        self.limiter.close();
        let begun = Instant::now();
        for (moment, outgoing) in self.leaving() {
            sleep_until(begun + moment).await;
            outgoing.close(CloseReason::GoingAway);
        }
    }

    /// The sessions in the order in which they are to leave, and when.
    fn leaving(&self) -> Vec<(Duration, Arc<OutgoingQueue>)> {
        let recipients = self.recipients();
        let sessions = u32::try_from(recipients.len()).unwrap_or(u32::MAX);
        let within = LEAVES_AFTER.saturating_mul(sessions).min(ALL_LEAVE_WITHIN);
        let mut leaving = Vec::with_capacity(recipients.len());
        for (number, recipient) in &*recipients {
            if let Recipient::Session(outgoing) = recipient {
                let moment = backoff::spread((self.id, number), within);
                leaving.push((moment, Arc::clone(outgoing)));
            }
        }
        leaving.sort_by_key(|(moment, _)| *moment);
        leaving
    }

    /// Sessions that are open now.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.limiter.count()
    }

    /// Brings each outcome to where its command came from, if that is still there.
    fn deliver(&self, answers: Vec<OutcomeEnvelope>) {
        for answered in answers {
            count_outcome(&answered);
            tracing::debug!(
                trace = %answered.trace, board = %answered.board, id = %answered.message,
                outcome = ?answered.outcome, "outcome"
            );
            if answered.to.gateway == self.id {
                self.hand_over(answered);
            }
        }
    }

    fn hand_over(&self, answered: OutcomeEnvelope) {
        let mut recipients = self.recipients();
        let number = answered.to.session;
        if let Some(Recipient::Session(outgoing)) = recipients.get(&number) {
            outgoing.push(encode(&message(answered)));
        } else if let Some(Recipient::Once(recipient)) = recipients.remove(&number) {
            // Whoever waited may have given up; the outcome is kept for a repeat.
            recipient.send(answered.outcome).ok();
        }
    }

    fn recipients(&self) -> MutexGuard<'_, BTreeMap<u64, Recipient>> {
        locked(&self.recipients)
    }
}

/// Somebody waits for one outcome, until this is dropped.
struct Waits<'a> {
    gateway: &'a Gateway,
    number: u64,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.gateway.recipients().remove(&self.number);
    }
}

/// Clients that are told to go elsewhere are so far apart on average, unless there are too many.
const LEAVES_AFTER: Duration = Duration::from_millis(2);
const ALL_LEAVE_WITHIN: Duration = Duration::from_secs(3);

/// How long a client waits before it sends again what was not taken, in milliseconds.
pub const AGAIN_AFTER_MS: u64 = 1_000;
const AGAIN_AFTER: Duration = Duration::from_millis(AGAIN_AFTER_MS);

fn message(answered: OutcomeEnvelope) -> ServerMessage {
    let OutcomeEnvelope { board, message: id, .. } = answered;
    match answered.outcome {
        Some(outcome) => ServerMessage::Outcome { id, board, outcome },
        None => again(Some(id), None, AGAIN_AFTER),
    }
}

fn again(
    id: Option<sockbit_domain::MessageId>,
    board: Option<sockbit_domain::BoardId>,
    after: Duration,
) -> ServerMessage {
    // Rounded up: whoever waits so long need not wait again.
    let after_ms = u64::try_from(after.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    ServerMessage::Again { id, board, after_ms }
}

fn count_outcome(answered: &OutcomeEnvelope) {
    let result = match answered.outcome {
        Some(Outcome::Saved { .. }) => "saved",
        Some(Outcome::Unchanged { .. }) => "unchanged",
        Some(Outcome::Rejected(_)) => "rejected",
        None => "again",
    };
    metrics::counter!("sockbit_outcomes_total", "result" => result).increment(1);
}

/// A message as it goes to every client. What cannot be encoded is a fault of ours and logged.
fn encode(message: &ServerMessage) -> EncodedMessage {
    match message.to_json() {
        Ok(json) => EncodedMessage::from(json),
        Err(error) => {
            tracing::error!(%error, "a message could not be encoded");
            EncodedMessage::new()
        }
    }
}

/// Nothing that holds a lock here panics half-way, so a poisoned lock still guards whole data.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
