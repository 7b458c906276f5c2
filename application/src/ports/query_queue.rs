//! The port through which a worker receives queries.

use async_trait::async_trait;

use crate::bus_messages::{CoreQuery, CoreReply};

/// Where a worker receives queries from.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait QueryQueue: Send + Sync {
    /// Waits for the next query; `None` when the bus is closed for good.
    async fn next(&self) -> Option<ReceivedQuery>;
}

/// A query and the callback for its reply.
pub struct ReceivedQuery {
    /// The query.
    pub query: CoreQuery,
    /// Sends the reply. The sender of the query may be gone, which is not an error.
    pub reply: Box<dyn FnOnce(CoreReply) + Send>,
}
