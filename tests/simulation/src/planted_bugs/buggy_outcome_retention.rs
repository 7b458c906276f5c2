//! Housekeeping that deletes outcomes while their commands may still be repeated.

use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::ports::{OutcomeRetention, StoreError};
use sockbit_domain::Timestamp;

/// Housekeeping passes a time 90 days ago; this makes it a time in the future.
const AHEAD_MS: i64 = 100 * 24 * 60 * 60 * 1_000;

pub(super) struct BuggyOutcomeRetention(pub Arc<dyn OutcomeRetention>);

#[async_trait]
impl OutcomeRetention for BuggyOutcomeRetention {
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        self.0.delete_outcomes_before(Timestamp(before.0 + AHEAD_MS), max).await
    }
}
