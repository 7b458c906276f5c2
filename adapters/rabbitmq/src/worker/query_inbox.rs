//! Queries that were delivered and not taken yet, and the replies to those that were taken.

use std::sync::Arc;

use lapin::Channel;
use lapin::message::Delivery;
use sockbit_application::bounded_inbox::BoundedInbox;
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::ports::ReceivedQuery;
use tokio::time::Instant;

use crate::names::gateway_key;
use crate::outgoing_message::OutgoingMessage;
use crate::publisher::Publisher;
use crate::query_messages::{QueryMessage, ReplyMessage};
use crate::reply_guard::{InProgress, ReplyGuard, Unanswered, UnsettledDelivery};
use crate::settings::Settings;
use crate::topology::QUERY_TIMEOUT;
use crate::unreadable_message_report::report_unreadable;

/// It also bounds the number of single queries in progress.
pub(super) const PREFETCH: u16 = 32;
/// It also bounds the number of query batches in progress.
pub(super) const BATCHES_PREFETCH: u16 = 8;

pub(super) struct QueryInbox {
    settings: Arc<Settings>,
    publisher: Publisher,
    queries: BoundedInbox<DeliveredQuery>,
    in_progress: InProgress,
}

struct DeliveredQuery {
    message: QueryMessage,
    delivery: UnsettledDelivery,
    received: Instant,
}

impl QueryInbox {
    pub fn new(settings: Arc<Settings>, publisher: Publisher) -> Self {
        let queries = BoundedInbox::new((PREFETCH + BATCHES_PREFETCH).into(), usize::MAX);
        Self { settings, publisher, queries, in_progress: InProgress::default() }
    }

    /// Adds a delivery, or acknowledges it if it cannot be read.
    pub async fn receive(&self, channel: &Channel, delivery: Delivery) {
        let unsettled = UnsettledDelivery { channel: channel.clone(), tag: delivery.delivery_tag };
        match self.settings.keys.verify(MessageKind::Queries, &delivery.data) {
            Ok(message) => {
                let received = Instant::now();
                self.queries.push(DeliveredQuery { message, delivery: unsettled, received }, 0);
            }
            Err(error) => {
                report_unreadable(&delivery, &error);
                unsettled.acknowledge().await;
            }
        }
    }

    /// Waits for the next query whose deadline has not passed.
    pub async fn next(&self) -> ReceivedQuery {
        loop {
            let DeliveredQuery { message, delivery, received } = self.queries.next_item().await;
            let in_progress = Some(self.in_progress.start());
            let publisher = self.publisher.clone();
            let guard = ReplyGuard::new(publisher, delivery, Unanswered::Discard, in_progress);
            if received.elapsed() < QUERY_TIMEOUT {
                return self.received_query(message, guard);
            }
        }
    }

    fn received_query(&self, message: QueryMessage, guard: ReplyGuard) -> ReceivedQuery {
        let QueryMessage { gateway, number, query } = message;
        let settings = Arc::clone(&self.settings);
        ReceivedQuery {
            query,
            reply: Box::new(move |reply| {
                guard.send(move || {
                    let message = ReplyMessage { gateway, number, reply };
                    outgoing_reply(&settings, &message).map(Some)
                });
            }),
        }
    }

    /// Waits until every query that was taken is answered. The others go to another worker.
    pub async fn finish(&self) {
        self.queries.clear();
        self.in_progress.finished().await;
    }

    /// Discards the queries that were not taken: they go to another worker.
    pub fn clear(&self) {
        self.queries.clear();
    }
}

fn outgoing_reply(settings: &Settings, message: &ReplyMessage) -> Result<OutgoingMessage, String> {
    let kind = MessageKind::Replies;
    let body = settings.sign(kind, message)?;
    let (exchange, key) = (settings.names.announce(), gateway_key(message.gateway));
    Ok(OutgoingMessage::transient(exchange, key, kind.name(), body))
}
