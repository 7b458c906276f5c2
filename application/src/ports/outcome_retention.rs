//! Deletion of outcomes whose commands cannot be repeated any more.

use async_trait::async_trait;
use sockbit_domain::Timestamp;

use super::StoreError;

/// Bounds how long outcomes are kept.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait OutcomeRetention: Send + Sync {
    /// Deletes outcomes that were decided before a time, oldest first, at most `max`. Returns how
    /// many were deleted. Concurrent calls do not block each other. After an error some may be
    /// deleted.
    ///
    /// A repeated command without a stored outcome is decided again and takes effect twice. So an
    /// outcome may be deleted only when its sender has certainly stopped resending.
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError>;
}
