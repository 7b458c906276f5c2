//! The store's health check.

use async_trait::async_trait;

use super::StoreError;

/// Reports whether the store can be used.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Verifies by a write that the store accepts writes now.
    async fn check(&self) -> Result<(), StoreError>;
}
