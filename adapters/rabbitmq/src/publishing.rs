//! What is put on the bus: with a confirmation where it must not be lost, and without elsewhere.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use crate::connection::{Fault, Open};
use crate::link::{Closing, Link, Purpose, Stage, Standing};
use crate::settings::Settings;
use crate::topology;

/// How long whoever publishes waits for a connection. Longer, and those behind would wait too.
pub(crate) const CONNECTED_WITHIN: Duration = Duration::from_secs(2);
const CONFIRMED_WITHIN: Duration = Duration::from_secs(5);
const TRANSIENT: u8 = 1;
const PERSISTENT: u8 = 2;

/// One bus message on its way out.
pub(crate) struct Parcel {
    exchange: String,
    key: String,
    body: Vec<u8>,
    properties: BasicProperties,
    mandatory: bool,
}

impl Parcel {
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
pub(crate) enum Verdict {
    /// The broker has it.
    Taken,
    /// The broker has it not.
    Refused(String),
    /// The broker has it not, since there is no queue for it.
    Unroutable(String),
    /// It may have it, or not.
    Unknown(String),
}

impl Verdict {
    /// Whether the broker has it, for those who do the same in all other cases.
    pub fn taken(self) -> Result<(), String> {
        match self {
            Self::Taken => Ok(()),
            Self::Refused(reason) | Self::Unroutable(reason) | Self::Unknown(reason) => Err(reason),
        }
    }
}

/// A connection to publish on.
pub(crate) struct Publishing {
    settings: Arc<Settings>,
}

pub(crate) struct Session {
    /// One batch at a time, so that what comes back belongs to it.
    confirmed: Mutex<Channel>,
    unconfirmed: Channel,
}

#[async_trait]
impl Purpose for Publishing {
    type Session = Session;

    fn name(&self) -> &'static str {
        "publishing"
    }

    async fn begin(&self, open: &Arc<Open>, _: u64) -> Result<Session, Fault> {
        let confirmed = open.channel().await?;
        topology::declare(&confirmed, &self.settings).await?;
        confirmed.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Session { confirmed: Mutex::new(confirmed), unconfirmed: open.channel().await? })
    }

    async fn carry_on(&self, _: &Session, closing: &Closing) -> String {
        closing.reached(Stage::Finishing).await;
        String::new()
    }

    fn lost(&self, _: &Session) {}
}

/// Puts things on the bus.
#[derive(Clone)]
pub(crate) struct Publisher {
    link: Arc<Link<Publishing>>,
}

impl Publisher {
    pub async fn establish(settings: Arc<Settings>, closing: Closing) -> Result<Self, Fault> {
        let purpose = Publishing { settings: Arc::clone(&settings) };
        Ok(Self { link: Link::establish(purpose, settings, closing).await? })
    }

    pub async fn keep(&self) {
        self.link.keep().await;
    }

    /// Publishes in order, then waits for all confirmations: one verdict for each.
    pub async fn publish(&self, parcels: Vec<Parcel>) -> Vec<Verdict> {
        if parcels.is_empty() {
            return Vec::new();
        }
        let count = parcels.len();
        let all = |verdict| vec![verdict; count];
        let standing = match self.ready().await {
            Ok(standing) => standing,
            Err(reason) => return all(Verdict::Refused(reason)),
        };
        let Ok(channel) = timeout(CONFIRMED_WITHIN, standing.session.confirmed.lock()).await else {
            return all(Verdict::Refused("too much waits to be published".to_owned()));
        };
        let verdicts = publish(&channel, parcels).await;
        count_what_is_open(&verdicts);
        // A blocked connection says nothing, and will go on when the broker has room again. One
        // that confirms anything stands: then it is a queue that has lost its leader.
        if let Some(Verdict::Unknown(reason)) = verdicts.first()
            && verdicts.iter().all(|it| matches!(it, Verdict::Unknown(_)))
            && !standing.open.is_blocked()
        {
            standing.give_up(reason);
        }
        verdicts
    }

    /// Publishes one and waits for no confirmation.
    pub async fn post(&self, parcel: Parcel) -> Result<(), String> {
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

    async fn ready(&self) -> Result<Arc<Standing<Session>>, String> {
        let standing = self.link.soon(CONNECTED_WITHIN).await?;
        unblocked(&standing)?;
        Ok(standing)
    }
}

fn unblocked(standing: &Standing<Session>) -> Result<(), String> {
    if standing.open.is_blocked() {
        return Err("RabbitMQ takes nothing now: it is out of memory or disk".to_owned());
    }
    Ok(())
}

/// Publishes in order on a channel that confirms, and waits for all confirmations.
pub(crate) async fn publish(channel: &Channel, parcels: Vec<Parcel>) -> Vec<Verdict> {
    let deadline = Instant::now() + CONFIRMED_WITHIN;
    let mut confirming = Vec::with_capacity(parcels.len());
    for (number, parcel) in parcels.into_iter().enumerate() {
        let name: ShortString = number.to_string().into();
        let parcel = parcel.with(|it| it.with_message_id(name));
        confirming.push(in_time(deadline, put(channel, &parcel)).await);
    }
    let mut confirmed = Vec::with_capacity(confirming.len());
    for confirming in confirming {
        confirmed.push(match confirming {
            Ok(confirming) => in_time(deadline, confirming).await,
            Err(fault) => Err(fault),
        });
    }
    // What comes back may be handed over with the confirmation of another one.
    let returned: Vec<(usize, String)> = confirmed.iter().filter_map(came_back).collect();
    let verdict = |(number, confirmation)| {
        let back = returned.iter().find(|(it, _)| *it == number);
        match (back, confirmation) {
            (Some((_, reason)), _) => Verdict::Unroutable(reason.clone()),
            (None, Ok(Confirmation::Ack(_))) => Verdict::Taken,
            (None, Ok(_)) => Verdict::Refused("the queue is full".to_owned()),
            (None, Err(fault)) => Verdict::Unknown(Fault::to_string(&fault)),
        }
    };
    confirmed.into_iter().enumerate().map(verdict).collect()
}

pub(crate) async fn put(
    channel: &Channel,
    parcel: &Parcel,
) -> lapin::Result<lapin::PublisherConfirm> {
    let options = BasicPublishOptions { mandatory: parcel.mandatory, immediate: false };
    channel
        .basic_publish(
            parcel.exchange.as_str().into(),
            parcel.key.as_str().into(),
            options,
            &parcel.body,
            parcel.properties.clone(),
        )
        .await
}

async fn in_time<T>(
    deadline: Instant,
    coming: impl Future<Output = lapin::Result<T>>,
) -> Result<T, Fault> {
    Ok(timeout_at(deadline, coming).await.map_err(|_| Fault::Silent)??)
}

/// Which parcel of the batch came back, and why.
fn came_back(confirmation: &Result<Confirmation, Fault>) -> Option<(usize, String)> {
    let Ok(Confirmation::Ack(Some(back)) | Confirmation::Nack(Some(back))) = confirmation else {
        return None;
    };
    let number = back.delivery.properties.message_id().as_ref()?.as_str().parse().ok()?;
    Some((number, format!("no queue takes {}: {}", back.delivery.routing_key, back.reply_text)))
}

fn count_what_is_open(verdicts: &[Verdict]) {
    let open = verdicts.iter().filter(|it| matches!(it, Verdict::Unknown(_))).count();
    if open > 0 {
        let open = u64::try_from(open).unwrap_or(u64::MAX);
        metrics::counter!("sockbit_bus_unconfirmed_total").increment(open);
    }
}
