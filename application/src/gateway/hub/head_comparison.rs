//! Compares the heads of all boards with those in the store, at each interval and on request. The
//! loss of a board's last event shows in no later event.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use sockbit_domain::{BoardId, Position};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::event_hub::EventHub;
use crate::backoff::jitter;
use crate::bus_messages::{CoreQuery, CoreReply};

/// Boards in one query.
const BOARDS_MAX: usize = 1_000;
/// Concurrent queries: if each one times out, the last is not late.
const CONCURRENT_QUERIES: usize = 4;
/// The delay of a requested comparison, plus up to as much jitter. Many gateways request one at the
/// same time, and each may do so several times in a row.
const REQUEST_DELAY: Duration = Duration::from_millis(250);
/// The delay after a failed comparison, plus up to as much jitter.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// A board and the head that its feed knew before the stored heads were read.
type KnownHead = (BoardId, Option<Position>);

impl EventHub {
    /// Compares heads at each interval, whatever comparisons are requested in between.
    pub async fn compare_heads_periodically(self: &Arc<Self>, every: Duration) {
        let mut interval = interval_at(Instant::now() + every, every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut has_failed = false;
        for round in 0_u64.. {
            let with_jitter = |delay| delay + jitter((self.gateway, round), delay);
            let is_tick = tokio::select! {
                // The interval comes first, so that requests cannot postpone it.
                biased;
                _ = interval.tick() => true,
                () = self.comparison_requested.notified() => {
                    sleep(with_jitter(REQUEST_DELAY)).await;
                    // One comparison serves all requests up to here.
                    self.comparison_requested.notified().now_or_never();
                    false
                }
                () = sleep(with_jitter(RETRY_DELAY)), if has_failed => false,
            };
            if is_tick {
                self.remove_unused_feeds();
            }
            has_failed = !self.compare_heads().await;
        }
    }

    /// Requests a comparison, for when announcements may have been lost.
    pub fn request_head_comparison(&self) {
        self.comparison_requested.notify_one();
    }

    /// Returns whether all queries succeeded.
    async fn compare_heads(self: &Arc<Self>) -> bool {
        let known: Vec<KnownHead> =
            self.feeds().iter().map(|(board, feed)| (*board, feed.head())).collect();
        let chunks: Vec<_> = known.chunks(BOARDS_MAX).map(<[KnownHead]>::to_vec).collect();
        stream::iter(chunks)
            .map(|chunk| self.compare_chunk(chunk))
            .buffer_unordered(CONCURRENT_QUERIES)
            .fold(true, async |all, is_compared| all && is_compared)
            .await
    }

    async fn compare_chunk(self: &Arc<Self>, known: Vec<KnownHead>) -> bool {
        let boards = known.iter().map(|(board, _)| *board).collect();
        match self.queries.query(CoreQuery::Heads { boards }).await {
            Ok(CoreReply::Heads(heads)) => {
                self.compare(&known, &heads.into_iter().collect());
                true
            }
            reply => {
                tracing::warn!(?reply, "heads could not be compared");
                false
            }
        }
    }

    fn compare(self: &Arc<Self>, known: &[KnownHead], stored: &HashMap<BoardId, Position>) {
        let mut feeds = self.feeds();
        for (board, head_before) in known {
            let Some(feed) = feeds.get_mut(board) else { continue };
            let stored = stored.get(board).copied();
            if feed.diverges_from_stored(*head_before, stored) {
                self.reset(*board, feed);
            } else if let (Some(stored), Some(_)) = (stored, feed.served()) {
                feed.set_head(stored);
                self.fill_gap(*board, feed);
            }
        }
    }
}
