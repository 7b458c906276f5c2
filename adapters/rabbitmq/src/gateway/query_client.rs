//! Publishes queries and waits for their replies.

use std::sync::Arc;

use futures::future::join_all;
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::bus_messages::{CoreQuery, CoreReply};
use sockbit_application::ports::Unavailable;
use sockbit_application::query_batches::BatchableQuery;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::announcement_consumer::AnnouncementConsumer;
use crate::outgoing_message::OutgoingMessage;
use crate::publish_pipeline::CONNECTION_TIMEOUT;
use crate::publisher::Publisher;
use crate::query_messages::QueryMessage;
use crate::settings::Settings;
use crate::supervised_connection::SupervisedConnection;
use crate::topology::QUERY_TIMEOUT;

/// Queries that are pending at the same time. Further ones wait within their deadline.
const PENDING_MAX: usize = 1_024;

pub(super) struct QueryClient {
    settings: Arc<Settings>,
    publisher: Publisher,
    /// Receives the replies.
    replies: Arc<SupervisedConnection<AnnouncementConsumer>>,
    permits: Semaphore,
}

impl QueryClient {
    pub fn new(
        settings: Arc<Settings>,
        publisher: Publisher,
        replies: Arc<SupervisedConnection<AnnouncementConsumer>>,
    ) -> Self {
        Self { settings, publisher, replies, permits: Semaphore::new(PENDING_MAX) }
    }

    /// Sends a query and waits for its reply, within the deadline of queries. While no worker reads
    /// batches, the queries of a batch are sent alone.
    pub async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        let reads_batches = || self.replies.role.workers.has_reader_of_query_batches();
        match query {
            CoreQuery::Admissions(batch) if !reads_batches() => Ok(self.query_each(batch).await),
            CoreQuery::EventPages(batch) if !reads_batches() => Ok(self.query_each(batch).await),
            query => self.query_one(query).await,
        }
    }

    /// Sends each query alone, all at the same time, and puts their replies together.
    async fn query_each<Q: BatchableQuery>(&self, batch: Vec<Q>) -> CoreReply {
        let reply = async |query: Q| Q::read_reply(self.query_one(query.single()).await.ok()?);
        Q::replies(join_all(batch.into_iter().map(reply)).await)
    }

    async fn query_one(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        let reply = timeout(QUERY_TIMEOUT, self.send(query)).await;
        reply.unwrap_or_else(|_| Err("no worker replied in time".to_owned())).map_err(Unavailable)
    }

    async fn send(&self, query: CoreQuery) -> Result<CoreReply, String> {
        let _permit = self.permits.acquire().await.map_err(|error| error.to_string())?;
        // Without this connection the reply would be lost.
        self.replies.wait_until_connected(CONNECTION_TIMEOUT).await?;
        let mut pending = self.replies.role.pending_queries.register();
        let queue = self.queue(&query);
        let message = QueryMessage { gateway: self.settings.id, number: pending.number, query };
        let kind = MessageKind::Queries;
        let body = self.settings.sign(kind, &message)?;
        let expiration = QUERY_TIMEOUT.as_millis().to_string();
        let message = OutgoingMessage::transient_to_queue(queue, kind.name(), body)
            .with_properties(|it| it.with_expiration(expiration.into()));
        self.publisher.publish_unconfirmed(message).await?;
        let reply = pending.reply().await;
        reply.ok_or_else(|| "the connection to RabbitMQ was lost".to_owned())
    }

    fn queue(&self, query: &CoreQuery) -> String {
        let names = &self.settings.names;
        match query {
            CoreQuery::Admissions(_) | CoreQuery::EventPages(_) => names.query_batches(),
            _ => names.queries(),
        }
    }
}
