//! Batches queries of one kind, and sends the batches to the core.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::ports::{Queries, Unavailable};
use crate::query_batches::BatchableQuery;

/// Queries that wait for the next batch.
const WAITING_MAX: usize = 16_384;
/// Batches without a reply. Further queries wait and form larger batches.
const IN_FLIGHT_MAX: usize = 4;
/// The deadline of a query on a bus, which waiting for other batches does not extend.
const REPLY_WITHIN: Duration = Duration::from_secs(5);

/// Collects the queries of all sessions, and sends those that wait at the same time as one batch.
pub(super) struct QueryBatcher<Q: BatchableQuery> {
    queries: Arc<dyn Queries>,
    sender: mpsc::Sender<WaitingQuery<Q>>,
    receiver: Mutex<mpsc::Receiver<WaitingQuery<Q>>>,
}

/// A query and the sender of its reply, which is dropped if there is none.
struct WaitingQuery<Q: BatchableQuery> {
    query: Q,
    reply: oneshot::Sender<Q::Reply>,
}

impl<Q: BatchableQuery> QueryBatcher<Q> {
    pub fn new(queries: Arc<dyn Queries>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        Self { queries, sender, receiver: Mutex::new(receiver) }
    }

    /// Sends a query in one of the next batches and waits for its reply.
    pub async fn query(&self, query: Q) -> Result<Q::Reply, Unavailable> {
        let (reply, receiver) = oneshot::channel();
        if self.sender.try_send(WaitingQuery { query, reply }).is_err() {
            return Err(Unavailable("too many queries wait".to_owned()));
        }
        match timeout(REPLY_WITHIN, receiver).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => Err(Unavailable("the query was not answered".to_owned())),
            Err(_) => Err(Unavailable("no reply in time".to_owned())),
        }
    }

    /// Sends waiting queries until the gateway is dropped.
    pub async fn run(&self) {
        let mut receiver = self.receiver.lock().await;
        let mut in_flight = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(()) = in_flight.next() => {}
                first = receiver.recv(), if in_flight.len() < IN_FLIGHT_MAX => {
                    let Some(first) = first else { return };
                    // Lets the tasks that are ready now add their queries to this batch.
                    yield_now().await;
                    let others = std::iter::from_fn(|| receiver.try_recv().ok());
                    let waiting = std::iter::once(first).chain(others);
                    // A caller that is gone needs no reply.
                    let needed = waiting.filter(|it| !it.reply.is_closed());
                    in_flight.push(self.send(needed.take(Q::BATCH_MAX).collect()));
                }
            }
        }
    }

    /// Sends a batch and passes on its replies.
    async fn send(&self, batch: Vec<WaitingQuery<Q>>) {
        let (queries, senders): (Vec<Q>, Vec<_>) =
            batch.into_iter().map(|it| (it.query, it.reply)).unzip();
        let count = queries.len();
        match self.replies(queries).await {
            Ok(replies) if replies.len() == count => {
                for (sender, reply) in senders.into_iter().zip(replies) {
                    // The caller may have given up meanwhile.
                    reply.map(|reply| sender.send(reply).ok());
                }
            }
            Ok(replies) => {
                tracing::warn!(
                    queries = count,
                    replies = replies.len(),
                    "a batch has other replies"
                );
            }
            Err(error) => tracing::warn!(%error, queries = count, "queries were not answered"),
        }
    }

    /// The replies in the order of the queries. A single query is sent in its own form, which
    /// workers of earlier versions read.
    async fn replies(&self, mut queries: Vec<Q>) -> Result<Vec<Option<Q::Reply>>, Unavailable> {
        let unavailable = || Unavailable("the store is not available".to_owned());
        if queries.len() > 1 {
            let reply = self.queries.query(Q::batch(queries)).await?;
            return Q::read_replies(reply).ok_or_else(unavailable);
        }
        let Some(query) = queries.pop() else { return Ok(Vec::new()) };
        Ok(vec![Q::read_reply(self.queries.query(query.single()).await?)])
    }
}
