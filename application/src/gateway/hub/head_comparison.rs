//! The very last event may have been missed, which nothing later would tell: so heads are compared
//! now and then, and whenever there is doubt.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use sockbit_domain::{BoardId, Position};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::Hub;
use crate::backoff::spread;
use crate::envelope::{CoreQuery, CoreReply};

/// Boards in one query for heads.
const HEADS_MAX: usize = 1_000;
/// QueryQueue for heads at once: where each waits for its deadline, the last one is not late.
const QUESTIONS_AT_ONCE: usize = 4;
/// After a doubt, and at most as long again: many gateways doubt at once, and each may several
/// times in a row.
const DOUBT_PAUSE: Duration = Duration::from_millis(250);
/// After a comparison that failed, and at most as long again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// A board and the latest event of it that had been heard of.
type Standing = (BoardId, Option<Position>);

impl Hub {
    /// Compares heads at each beat, which keeps its time however much doubt there is between.
    pub async fn compare_heads_regularly(self: &Arc<Self>, every: Duration) {
        let mut beat = interval_at(Instant::now() + every, every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut has_failed = false;
        for round in 0_u64.. {
            let jitter = |pause| pause + spread((self.gateway, round), pause);
            let is_beat = tokio::select! {
                // No doubt takes a beat its turn.
                biased;
                _ = beat.tick() => true,
                () = self.doubt.notified() => {
                    sleep(jitter(DOUBT_PAUSE)).await;
                    // Whatever was in doubt until here is answered by one comparison.
                    self.doubt.notified().now_or_never();
                    false
                }
                () = sleep(jitter(RETRY_PAUSE)), if has_failed => false,
            };
            if is_beat {
                self.forget_what_is_deserted();
            }
            has_failed = !self.compare_heads().await;
        }
    }

    pub fn compare_heads_now(&self) {
        self.doubt.notify_one();
    }

    /// Whether every query was answered.
    async fn compare_heads(self: &Arc<Self>) -> bool {
        let before: Vec<Standing> =
            self.feeds().iter().map(|(board, feed)| (*board, feed.known())).collect();
        let chunks: Vec<_> = before.chunks(HEADS_MAX).map(<[Standing]>::to_vec).collect();
        stream::iter(chunks)
            .map(|chunk| self.compare_chunk(chunk))
            .buffer_unordered(QUESTIONS_AT_ONCE)
            .fold(true, async |all, is_answered| all && is_answered)
            .await
    }

    async fn compare_chunk(self: &Arc<Self>, before: Vec<Standing>) -> bool {
        let boards = before.iter().map(|(board, _)| *board).collect();
        match self.queries.query(CoreQuery::Heads { boards }).await {
            Ok(CoreReply::Heads(heads)) => {
                self.compare(&before, &heads.into_iter().collect());
                true
            }
            answer => {
                tracing::warn!(?answer, "heads could not be compared");
                false
            }
        }
    }

    fn compare(self: &Arc<Self>, before: &[Standing], heads: &HashMap<BoardId, Position>) {
        let mut feeds = self.feeds();
        for (board, known_before) in before {
            let Some(feed) = feeds.get_mut(board) else { continue };
            let head = heads.get(board).copied();
            if feed.contradicts(*known_before, head) {
                self.begin_anew(*board, feed);
            } else if let (Some(head), Some(_)) = (head, feed.last()) {
                feed.learn(head);
                self.fill_if_needed(*board, feed);
            }
        }
    }
}
