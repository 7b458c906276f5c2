//! The way of queries from a gateway to the core.

use async_trait::async_trait;

use super::Unavailable;
use crate::envelope::{CoreQuery, CoreReply};

/// Takes a query to any worker and brings its answer back, within the adapter's deadline.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Queries: Send + Sync {
    /// Asks.
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable>;
}
