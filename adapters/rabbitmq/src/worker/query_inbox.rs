//! Questions: waiting to be taken, and taken but not yet answered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use lapin::Channel;
use lapin::message::Delivery as Message;
use lapin::options::BasicAckOptions;
use sockbit_application::envelope::CoreReply;
use sockbit_application::mutex::locked;
use sockbit_application::ports::ReceivedQuery;
use sockbit_application::seal::MessageKind;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::worker_state::WorkerState;
use crate::bus_messages::{QueryMessage, ReplyMessage};
use crate::publisher::OutgoingMessage;
use crate::topology::{ANSWER_WITHIN, gateway_key};

/// Questions that the broker sends ahead, and so the most that are here at the same time.
pub(super) const PREFETCH: u16 = 32;

#[derive(Default)]
pub(super) struct QueryInbox {
    waiting: Mutex<VecDeque<WaitingQuery>>,
    arrived: Notify,
    /// Taken, and neither answered nor given up.
    open: watch::Sender<usize>,
}

struct WaitingQuery {
    asking: QueryMessage,
    receipt: AskedReceipt,
    since: Instant,
}

/// Where the broker is to be told that a question is done with.
#[derive(Clone)]
struct AskedReceipt {
    channel: Channel,
    tag: u64,
}

impl AskedReceipt {
    async fn acknowledge(&self) {
        // Where the channel is gone, the question went to another worker.
        self.channel.basic_ack(self.tag, BasicAckOptions::default()).await.ok();
    }
}

impl QueryInbox {
    /// Takes in a message with a question.
    pub async fn put(&self, shared: &WorkerState, channel: &Channel, message: Message) {
        let receipt = AskedReceipt { channel: channel.clone(), tag: message.delivery_tag };
        match shared.settings.keys.open(MessageKind::Queries, &message.data) {
            Ok(asking) => {
                let since = Instant::now();
                locked(&self.waiting).push_back(WaitingQuery { asking, receipt, since });
                self.arrived.notify_one();
            }
            Err(error) => {
                metrics::counter!("sockbit_bus_unreadable_total").increment(1);
                tracing::warn!(%error, "a question on the bus could not be read");
                receipt.acknowledge().await;
            }
        }
    }

    /// Waits for the next question that somebody may still wait for the answer of.
    pub async fn next(&self, shared: &Arc<WorkerState>) -> ReceivedQuery {
        loop {
            let waiting = locked(&self.waiting).pop_front();
            let Some(WaitingQuery { asking, receipt, since }) = waiting else {
                self.arrived.notified().await;
                continue;
            };
            self.open.send_modify(|open| *open += 1);
            let QueryMessage { gateway, number, question } = asking;
            let shared = Arc::clone(shared);
            let way = ReplyGuard { shared, receipt: Some(receipt), gateway, number };
            if since.elapsed() < ANSWER_WITHIN {
                return ReceivedQuery {
                    query: question,
                    reply: Box::new(move |answer| way.reply(answer)),
                };
            }
        }
    }

    /// Waits until every question that was taken is answered.
    pub async fn finish(&self) {
        locked(&self.waiting).clear();
        self.open.subscribe().wait_for(|open| *open == 0).await.ok();
    }

    /// Forgets what waits: it goes to another worker.
    pub fn clear(&self) {
        locked(&self.waiting).clear();
    }
}

/// The way back of one answer. However it ends, the broker is told that the question is done with.
struct ReplyGuard {
    shared: Arc<WorkerState>,
    receipt: Option<AskedReceipt>,
    gateway: uuid::Uuid,
    number: u64,
}

impl ReplyGuard {
    /// As many are on their way at most as questions are sent ahead.
    fn reply(mut self, answer: CoreReply) {
        let Ok(runtime) = Handle::try_current() else { return };
        let Some(receipt) = self.receipt.take() else { return };
        runtime.spawn(async move {
            if let Err(error) = self.post(answer).await {
                tracing::warn!(error, "an answer could not be sent");
            }
            receipt.acknowledge().await;
        });
    }

    async fn post(&self, answer: CoreReply) -> Result<(), String> {
        let (gateway, number) = (self.gateway, self.number);
        let replied = ReplyMessage { gateway, number, answer };
        let sealed = self.shared.settings.keys.seal(MessageKind::Replies, &replied);
        let body = sealed.map_err(|error| error.to_string())?;
        let (exchange, kind) = (self.shared.settings.names.announce(), MessageKind::Replies.name());
        let key = gateway_key(gateway);
        self.shared.publisher.post(OutgoingMessage::news(exchange, key, kind, body)).await
    }
}

impl Drop for ReplyGuard {
    fn drop(&mut self) {
        self.shared.asked.open.send_modify(|open| *open = open.saturating_sub(1));
        if let (Some(receipt), Ok(runtime)) = (self.receipt.take(), Handle::try_current()) {
            runtime.spawn(async move { receipt.acknowledge().await });
        }
    }
}
