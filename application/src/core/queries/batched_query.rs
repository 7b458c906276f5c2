//! Queries that one call to the store answers together.

use std::slice;

use crate::bus_messages::CoreReply;
use crate::ports::{ReadStore, StoreError, StoreHealth};
use crate::query_batches::BatchableQuery;

/// A query that is answered alone or in a batch, by the same call.
pub(in crate::core) trait BatchedQuery: BatchableQuery {
    /// Reads the replies from the store: one for each query, in the same order.
    fn answer(
        store: &dyn ReadStore,
        queries: &[Self],
    ) -> impl Future<Output = Result<Vec<Self::Reply>, StoreError>> + Send;
}

/// Answers a query that was sent alone.
pub(in crate::core) async fn single<Q: BatchedQuery>(
    store: &dyn ReadStore,
    query: Q,
) -> Result<CoreReply, StoreError> {
    let reply = Q::answer(store, slice::from_ref(&query)).await?.pop();
    reply.map(Q::reply).ok_or_else(|| StoreError::Unavailable("it returned no result".to_owned()))
}

/// Answers a batch with one call. If it fails although the store is available, one of the boards
/// cannot be read: each query is then answered alone, so that the others get their replies.
pub(in crate::core) async fn batch<Q: BatchedQuery>(
    store: &dyn ReadStore,
    health: &dyn StoreHealth,
    queries: &[Q],
) -> CoreReply {
    let mut replies = match Q::answer(store, queries).await {
        Ok(replies) => replies.into_iter().map(Some).collect(),
        Err(error) => {
            tracing::warn!(%error, queries = queries.len(), "a batch could not be answered");
            if health.check().await.is_ok() {
                each_alone(store, health, queries).await
            } else {
                Vec::new()
            }
        }
    };
    replies.resize_with(queries.len(), || None);
    Q::replies(replies)
}

/// The replies up to the first query at which the store is not available any more.
async fn each_alone<Q: BatchedQuery>(
    store: &dyn ReadStore,
    health: &dyn StoreHealth,
    queries: &[Q],
) -> Vec<Option<Q::Reply>> {
    let mut replies = Vec::with_capacity(queries.len());
    for query in queries {
        match Q::answer(store, slice::from_ref(query)).await {
            Ok(mut reply) => replies.push(reply.pop()),
            Err(error) => {
                tracing::warn!(%error, "a query could not be answered");
                replies.push(None);
                if health.check().await.is_err() {
                    break;
                }
            }
        }
    }
    replies
}
