//! The port through which a gateway sends queries to the workers.

use async_trait::async_trait;

use super::Unavailable;
use crate::bus_messages::{CoreQuery, CoreReply};

/// Sends queries to any worker.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Queries: Send + Sync {
    /// Sends a query and waits for its reply, within the adapter's deadline.
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable>;
}
