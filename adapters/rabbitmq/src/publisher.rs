//! What is put on the bus: with a confirmation where it must not be lost, and without elsewhere.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lapin::{BasicProperties, Channel};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::confirm_channel::{ConfirmChannel, Renewal, put};
use crate::connection::{BrokerConnection, BrokerError};
use crate::settings::Settings;
use crate::supervised_connection::{
    ConnectionRole, LiveConnection, Phase, ShutdownSignal, SupervisedConnection,
};
use crate::topology;

/// How long whoever publishes waits for a connection. Longer, and those behind would wait too.
pub(crate) const CONNECTED_WITHIN: Duration = Duration::from_secs(2);
pub(crate) const CONFIRMED_WITHIN: Duration = Duration::from_secs(5);
/// Whoever calls on others has several to call on, and asks again soon.
const CALLED_WITHIN: Duration = Duration::from_millis(900);
const TRANSIENT: u8 = 1;
const PERSISTENT: u8 = 2;

/// One bus message on its way out.
pub(crate) struct OutgoingMessage {
    pub exchange: String,
    pub key: String,
    pub body: Vec<u8>,
    pub properties: BasicProperties,
    pub mandatory: bool,
}

impl OutgoingMessage {
    /// For whoever listens; nobody has to.
    pub fn news(exchange: String, key: String, kind: &str, body: Vec<u8>) -> Self {
        let properties =
            BasicProperties::default().with_type(kind.into()).with_delivery_mode(TRANSIENT);
        Self { exchange, key, body, properties, mandatory: false }
    }

    /// For a queue that keeps it; where there is no such queue, it is refused.
    pub fn kept(queue: String, kind: &str, body: Vec<u8>) -> Self {
        Self::kept_by(String::new(), queue, kind, body)
    }

    /// For an exchange with a queue that keeps it.
    pub fn kept_by(exchange: String, key: String, kind: &str, body: Vec<u8>) -> Self {
        let properties =
            BasicProperties::default().with_type(kind.into()).with_delivery_mode(PERSISTENT);
        Self { exchange, key, body, properties, mandatory: true }
    }

    /// For one queue that may be gone by now; where it is, this is told.
    pub fn call(queue: String, kind: &str, body: Vec<u8>) -> Self {
        Self { mandatory: true, ..Self::news(String::new(), queue, kind, body) }
    }

    pub fn with(mut self, properties: impl FnOnce(BasicProperties) -> BasicProperties) -> Self {
        self.properties = properties(self.properties);
        self
    }
}

/// What became of a parcel that was to be confirmed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PublishResult {
    /// The broker has it.
    Taken,
    /// The broker has it not.
    Refused(String),
    /// The broker has it not, since there is no queue for it.
    Unroutable(String),
    /// It may have it, or not.
    Unknown(String),
    /// It may have it, or not, and confirms other things meanwhile: it is about the queue.
    Silent(String),
}

impl PublishResult {
    /// Whether the broker has it, for those who do the same in all other cases.
    pub fn taken(self) -> Result<(), String> {
        match self {
            Self::Taken => Ok(()),
            Self::Refused(reason)
            | Self::Unroutable(reason)
            | Self::Unknown(reason)
            | Self::Silent(reason) => Err(reason),
        }
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// The same, where the broker answers for everything else.
    fn blamed_on_its_queue(self) -> Self {
        match self {
            Self::Unknown(reason) => Self::Silent(reason),
            known => known,
        }
    }
}

/// A connection to publish on.
pub(crate) struct PublisherRole {
    settings: Arc<Settings>,
}

pub(crate) struct Session {
    confirmed: Mutex<ConfirmChannel>,
    /// What is asked of other workers, and what is set aside, each on a channel of its own: nothing else waits while a
    /// queue there says nothing.
    calls: Mutex<ConfirmChannel>,
    dead: Mutex<ConfirmChannel>,
    unconfirmed: Channel,
}

#[async_trait]
impl ConnectionRole for PublisherRole {
    type Session = Session;

    fn name(&self) -> &'static str {
        "publishing"
    }

    async fn begin(&self, open: &Arc<BrokerConnection>, _: u64) -> Result<Session, BrokerError> {
        let unconfirmed = open.channel().await?;
        topology::declare(&unconfirmed, &self.settings).await?;
        let confirmed = Mutex::new(ConfirmChannel::on(open, Renewal::Wanted).await?);
        let calls = Mutex::new(ConfirmChannel::on(open, Renewal::Needless).await?);
        let dead = Mutex::new(ConfirmChannel::on(open, Renewal::Wanted).await?);
        Ok(Session { confirmed, calls, dead, unconfirmed })
    }

    async fn carry_on(&self, _: &Session, closing: &ShutdownSignal) -> String {
        closing.reached(Phase::Draining).await;
        String::new()
    }

    fn lost(&self, _: &Session) {}
}

/// Puts things on the bus.
#[derive(Clone)]
pub(crate) struct Publisher {
    link: Arc<SupervisedConnection<PublisherRole>>,
}

impl Publisher {
    pub async fn establish(
        settings: Arc<Settings>,
        closing: ShutdownSignal,
    ) -> Result<Self, BrokerError> {
        let purpose = PublisherRole { settings: Arc::clone(&settings) };
        Ok(Self { link: SupervisedConnection::establish(purpose, settings, closing).await? })
    }

    pub async fn keep(&self) {
        self.link.keep().await;
    }

    /// Publishes in order, then waits for all confirmations: one verdict for each.
    pub async fn publish(&self, parcels: Vec<OutgoingMessage>) -> Vec<PublishResult> {
        if parcels.is_empty() {
            return Vec::new();
        }
        let count = parcels.len();
        let all = |verdict| vec![verdict; count];
        let standing = match self.ready().await {
            Ok(standing) => standing,
            Err(reason) => return all(PublishResult::Refused(reason)),
        };
        let locking = timeout(CONFIRMED_WITHIN, standing.session.confirmed.lock());
        let Ok(mut channel) = locking.await else {
            return all(PublishResult::Refused("too much waits to be published".to_owned()));
        };
        let verdicts = channel.publish(parcels, CONFIRMED_WITHIN).await;
        count_what_is_open(&verdicts);
        judged(&standing, &mut channel, verdicts).await
    }

    /// Calls on one queue, and waits only shortly for what the broker says.
    pub async fn call(&self, parcel: OutgoingMessage) -> PublishResult {
        self.publish_beside(|session| &session.calls, parcel, CALLED_WITHIN).await
    }

    /// Publishes what is set aside.
    pub async fn set_aside(&self, parcel: OutgoingMessage) -> PublishResult {
        self.publish_beside(|session| &session.dead, parcel, CONFIRMED_WITHIN).await
    }

    /// Publishes one on a channel of which silence says nothing about the connection.
    async fn publish_beside(
        &self,
        which: fn(&Session) -> &Mutex<ConfirmChannel>,
        parcel: OutgoingMessage,
        within: Duration,
    ) -> PublishResult {
        let publishing = async {
            let standing = match self.ready().await {
                Ok(standing) => standing,
                Err(reason) => return vec![PublishResult::Refused(reason)],
            };
            let mut channel = which(&standing.session).lock().await;
            let verdicts = channel.publish(vec![parcel], within).await;
            if !channel.is_open() {
                standing.give_up("a channel to publish on was closed");
            }
            verdicts
        };
        let verdicts = timeout(within, publishing).await.unwrap_or_default();
        count_what_is_open(&verdicts);
        verdicts
            .into_iter()
            .next()
            .unwrap_or(PublishResult::Unknown(BrokerError::Silent.to_string()))
    }

    /// Publishes one and waits for no confirmation.
    pub async fn post(&self, parcel: OutgoingMessage) -> Result<(), String> {
        let standing = self.ready().await?;
        let posting = put(&standing.session.unconfirmed, &parcel);
        match timeout(CONFIRMED_WITHIN, posting).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                standing.give_up(&error.to_string());
                Err(error.to_string())
            }
            Err(_) => Err("the bus takes nothing now".to_owned()),
        }
    }

    /// Why nothing can be published now.
    pub fn health(&self) -> Result<(), String> {
        let standing = self.link.now().ok_or_else(|| self.link.fault())?;
        unblocked(&standing)
    }

    async fn ready(&self) -> Result<Arc<LiveConnection<Session>>, String> {
        let standing = self.link.soon(CONNECTED_WITHIN).await?;
        unblocked(&standing)?;
        Ok(standing)
    }
}

fn unblocked(standing: &LiveConnection<Session>) -> Result<(), String> {
    if standing.open.is_blocked() {
        return Err("RabbitMQ takes nothing now: it is out of memory or disk".to_owned());
    }
    Ok(())
}

/// Finds out whom silence is about, and gives up a connection on which nothing is confirmed.
async fn judged(
    standing: &LiveConnection<Session>,
    channel: &mut ConfirmChannel,
    verdicts: Vec<PublishResult>,
) -> Vec<PublishResult> {
    let is_all_known = !verdicts.iter().any(PublishResult::is_unknown);
    // A blocked connection says nothing, and will go on when the broker has room again.
    if standing.open.is_blocked() || (is_all_known && channel.is_open()) {
        return verdicts;
    }
    let some_are_known = !verdicts.iter().all(PublishResult::is_unknown);
    if channel.is_open() && (some_are_known || channel.answers().await) {
        return verdicts.into_iter().map(PublishResult::blamed_on_its_queue).collect();
    }
    if !standing.open.is_blocked() {
        standing.give_up("nothing that is published is confirmed");
    }
    verdicts
}

fn count_what_is_open(verdicts: &[PublishResult]) {
    let open = verdicts.iter().filter(|it| it.is_unknown()).count();
    if open > 0 {
        let open = u64::try_from(open).unwrap_or(u64::MAX);
        metrics::counter!("sockbit_bus_unconfirmed_total").increment(open);
    }
}
