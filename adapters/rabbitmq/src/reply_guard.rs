//! A guard that settles a delivery, whether its reply is sent or not.

use std::time::Duration;

use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::outgoing_message::OutgoingMessage;
use crate::publisher::Publisher;

/// Before an unanswered delivery is requeued. Without a delay it would be delivered again in a busy
/// loop.
const REQUEUE_DELAY: Duration = Duration::from_secs(1);

/// A delivery that the broker holds until it is acknowledged or requeued. If the channel is closed
/// meanwhile, the broker has requeued it.
pub(crate) struct UnsettledDelivery {
    pub channel: Channel,
    pub tag: u64,
}

impl UnsettledDelivery {
    pub async fn acknowledge(self) {
        self.channel.basic_ack(self.tag, BasicAckOptions::default()).await.ok();
    }

    async fn requeue_later(self) {
        sleep(REQUEUE_DELAY).await;
        let requeue = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        self.channel.basic_nack(self.tag, requeue).await.ok();
    }
}

/// What happens to a delivery whose reply was dropped or could not be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// It is acknowledged: the sender has a deadline and repeats its request.
    Discard,
    /// It is requeued: otherwise it would occupy the prefetch window for ever.
    Requeue,
}

/// Counts the deliveries that are being answered.
#[derive(Default)]
pub(crate) struct InProgress(watch::Sender<usize>);

impl InProgress {
    pub fn start(&self) -> InProgressGuard {
        self.0.send_modify(|count| *count += 1);
        InProgressGuard(self.0.clone())
    }

    /// Waits until all are settled.
    pub async fn finished(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        self.0.subscribe().wait_for(|count| *count == 0).await.ok();
    }
}

/// One delivery that is being answered.
pub(crate) struct InProgressGuard(watch::Sender<usize>);

impl Drop for InProgressGuard {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Sends the reply to one delivery and settles it. If the guard is dropped before, the delivery is
/// settled as [`Unanswered`] says.
pub(crate) struct ReplyGuard {
    publisher: Publisher,
    delivery: Option<UnsettledDelivery>,
    unanswered: Unanswered,
    _in_progress: Option<InProgressGuard>,
}

impl ReplyGuard {
    pub fn new(
        publisher: Publisher,
        delivery: UnsettledDelivery,
        unanswered: Unanswered,
        in_progress: Option<InProgressGuard>,
    ) -> Self {
        Self { publisher, delivery: Some(delivery), unanswered, _in_progress: in_progress }
    }

    /// Publishes the reply in the background. `reply` encodes it; there is none if the sender does
    /// not want one. At most as many replies are in progress as deliveries are prefetched.
    pub fn send(
        mut self,
        reply: impl FnOnce() -> Result<Option<OutgoingMessage>, String> + Send + 'static,
    ) {
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let sent = self.publish(reply()).await;
            if let Err(error) = &sent {
                tracing::warn!(error, "a reply could not be sent");
            }
            if sent.is_ok() || self.unanswered == Unanswered::Discard {
                self.acknowledge().await;
            }
        });
    }

    async fn publish(&self, reply: Result<Option<OutgoingMessage>, String>) -> Result<(), String> {
        match reply? {
            Some(message) => self.publisher.publish_unconfirmed(message).await,
            None => Ok(()),
        }
    }

    async fn acknowledge(&mut self) {
        if let Some(delivery) = self.delivery.take() {
            delivery.acknowledge().await;
        }
    }
}

impl Drop for ReplyGuard {
    fn drop(&mut self) {
        if let (Some(delivery), Ok(runtime)) = (self.delivery.take(), Handle::try_current()) {
            match self.unanswered {
                Unanswered::Discard => runtime.spawn(delivery.acknowledge()),
                Unanswered::Requeue => runtime.spawn(delivery.requeue_later()),
            };
        }
    }
}
