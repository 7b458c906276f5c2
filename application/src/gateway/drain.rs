//! Draining: closes all sessions, spread over time, before the process stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::close_reason::CloseReason;
use super::gateway::Gateway;
use super::outgoing_queue::OutgoingQueue;
use crate::backoff::jitter;

/// The average time between two sessions that are closed, unless there are too many.
const CLOSE_INTERVAL: Duration = Duration::from_millis(2);
pub(super) const DRAIN_WITHIN: Duration = Duration::from_secs(3);

impl Gateway {
    /// Accepts no new sessions and closes all open ones.
    ///
    /// Their times are spread, over longer the more there are, so that their clients do not all
    /// connect to other gateways at once.
    pub async fn drain(&self) {
        self.limiter.close();
        let start = Instant::now();
        for (delay, outgoing) in self.close_schedule() {
            sleep_until(start + delay).await;
            outgoing.close(CloseReason::GoingAway);
        }
    }

    /// The sessions in the order in which they are closed, each with its delay.
    fn close_schedule(&self) -> Vec<(Duration, Arc<OutgoingQueue>)> {
        let sessions = self.recipients.sessions();
        let count = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
        let within = CLOSE_INTERVAL.saturating_mul(count).min(DRAIN_WITHIN);
        let delayed = |(number, outgoing)| (jitter((self.id, number), within), outgoing);
        let mut schedule: Vec<_> = sessions.into_iter().map(delayed).collect();
        schedule.sort_by_key(|(delay, _)| *delay);
        schedule
    }
}
