//! A channel that confirms what is published on it.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{Channel, Confirmation};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connection::{BrokerConnection, BrokerError};
use crate::publisher::{OutgoingMessage, PublishResult};

/// A broker that lives confirms at once what it has nowhere to put.
const PROBED_WITHIN: Duration = Duration::from_secs(1);
const RENEWED_WITHIN: Duration = Duration::from_secs(2);
/// No queue can be called so.
const NOWHERE: &str = "";

/// Takes one batch at a time, so that what comes back belongs to it.
pub(crate) struct ConfirmChannel {
    open: Arc<BrokerConnection>,
    channel: Channel,
    /// The number of the last parcel. None is given twice, so that what comes back late is not taken for another one.
    last: u64,
    /// Whether something on it was not confirmed.
    owes: bool,
    renewal: Renewal,
}

/// Whether it goes on over another channel once something was not confirmed. If the queue of that is made anew, the broker
/// waits on this channel for what the former queue got, and confirms nothing for the new one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// For queues that may be made anew.
    Wanted,
    /// For queues that end with the connection of whoever consumes them.
    Needless,
    /// It could not be renewed, so that nothing can be published any more.
    Failed,
}

impl ConfirmChannel {
    pub async fn on(open: &Arc<BrokerConnection>, renewal: Renewal) -> Result<Self, BrokerError> {
        let channel = open.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { open: Arc::clone(open), channel, last: 0, owes: false, renewal })
    }

    /// Whether the broker has not closed it, as it does after a fault.
    pub fn is_open(&self) -> bool {
        self.renewal != Renewal::Failed && self.channel.status().connected()
    }

    /// Publishes in order, and waits for all confirmations: one verdict for each.
    pub async fn publish(
        &mut self,
        parcels: Vec<OutgoingMessage>,
        within: Duration,
    ) -> Vec<PublishResult> {
        if self.owes
            && self.renewal == Renewal::Wanted
            && let Err(fault) = self.renew().await
        {
            self.renewal = Renewal::Failed;
            return vec![PublishResult::Refused(fault.to_string()); parcels.len()];
        }
        self.owes = true;
        let verdicts = self.put_all(parcels, within).await;
        self.owes = verdicts.iter().any(PublishResult::is_unknown);
        verdicts
    }

    async fn renew(&mut self) -> Result<(), BrokerError> {
        let renewing = timeout(RENEWED_WITHIN, Self::on(&self.open, self.renewal));
        let renewed = renewing.await.map_err(|_| BrokerError::Silent)??;
        *self = Self { last: self.last, ..renewed };
        Ok(())
    }

    async fn put_all(
        &mut self,
        parcels: Vec<OutgoingMessage>,
        within: Duration,
    ) -> Vec<PublishResult> {
        let deadline = Instant::now() + within;
        let mut confirming = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            self.last += 1;
            let name: ShortString = self.last.to_string().into();
            let parcel = parcel.with(|it| it.with_message_id(name));
            let publishing = put(&self.channel, &parcel);
            confirming.push((self.last, in_time(deadline, publishing).await));
        }
        let mut confirmed = Vec::with_capacity(confirming.len());
        for (number, confirming) in confirming {
            confirmed.push(match confirming {
                Ok(confirming) => (number, in_time(deadline, confirming).await),
                Err(fault) => (number, Err(fault)),
            });
        }
        verdicts(confirmed)
    }

    /// Whether the broker confirms at all: where it does, and confirms nothing else, that is about the queues.
    pub async fn answers(&mut self) -> bool {
        let probe = OutgoingMessage::news(String::new(), NOWHERE.to_owned(), "probe", Vec::new());
        self.put_all(vec![probe], PROBED_WITHIN).await == [PublishResult::Taken]
    }
}

pub(crate) async fn put(
    channel: &Channel,
    parcel: &OutgoingMessage,
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
) -> Result<T, BrokerError> {
    Ok(timeout_at(deadline, coming).await.map_err(|_| BrokerError::Silent)??)
}

type Confirmed = Result<Confirmation, BrokerError>;

fn verdicts(confirmed: Vec<(u64, Confirmed)>) -> Vec<PublishResult> {
    // What comes back may be handed over with the confirmation of another one.
    let returned: Vec<(u64, String)> =
        confirmed.iter().filter_map(|(_, confirmation)| came_back(confirmation)).collect();
    let verdict = |(number, confirmation)| {
        let back = returned.iter().find(|(it, _)| *it == number);
        match (back, confirmation) {
            (Some((_, reason)), _) => PublishResult::Unroutable(reason.clone()),
            (None, Ok(Confirmation::Ack(_))) => PublishResult::Taken,
            (None, Ok(_)) => PublishResult::Refused("the queue is full".to_owned()),
            (None, Err(fault)) => PublishResult::Unknown(BrokerError::to_string(&fault)),
        }
    };
    confirmed.into_iter().map(verdict).collect()
}

/// Which parcel came back, and why.
fn came_back(confirmation: &Confirmed) -> Option<(u64, String)> {
    let Ok(Confirmation::Ack(Some(back)) | Confirmation::Nack(Some(back))) = confirmation else {
        return None;
    };
    let number = back.delivery.properties.message_id().as_ref()?.as_str().parse().ok()?;
    Some((number, format!("no queue takes {}: {}", back.delivery.routing_key, back.reply_text)))
}
