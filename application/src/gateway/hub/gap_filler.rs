//! Fills gaps in feeds with events from the log.

use std::sync::Arc;
use std::time::Duration;

use sockbit_domain::{BoardId, Event, Position, Seq};
use tokio::time::{Instant, timeout_at};

use super::event_hub::EventHub;
use super::log_page_conversion::announcement;
use crate::backoff::Backoff;
use crate::bus_messages::EventPage;
use crate::gateway::board_feed::BoardFeed;

const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(2));
/// How long one gap waits for slow members in total. All members of the board wait meanwhile.
const SLOW_MEMBERS_WAIT_MAX: Duration = Duration::from_secs(1);

impl EventHub {
    /// Starts to fill the gap of a feed, if it has one that is not being filled yet.
    pub(super) fn fill_gap(self: &Arc<Self>, board: BoardId, feed: &mut BoardFeed) {
        if feed.has_gap() && !feed.is_filling_gap {
            feed.is_filling_gap = true;
            let hub = Arc::clone(self);
            tokio::spawn(async move { hub.fetch_missing_events(board).await });
        }
    }

    async fn fetch_missing_events(self: Arc<Self>, board: BoardId) {
        metrics::counter!("sockbit_gaps_total").increment(1);
        let mut wait_left = SLOW_MEMBERS_WAIT_MAX;
        let mut failures = 0;
        while let Some(after) = self.gap_start(board) {
            match self.read_log(board, after).await {
                Ok(EventPage::HistoryDiverged) => self.reset_board(board),
                Ok(EventPage::Events(events)) if continues(&events, after.seq) => {
                    failures = 0;
                    wait_left = self.wait_for_slow_members(board, wait_left).await;
                    self.announce(announcement(board, after, events)).await;
                }
                reply => {
                    let error = reply.err();
                    tracing::warn!(
                        %board, after = %after.seq, ?error, "a gap could not be filled; trying again"
                    );
                    failures += 1;
                    tokio::time::sleep(BACKOFF.delay((self.gateway, board), failures)).await;
                }
            }
        }
    }

    /// The position after which events are missing; `None` if there is no gap any more.
    fn gap_start(&self, board: BoardId) -> Option<Position> {
        let mut feeds = self.feeds();
        let feed = feeds.get_mut(&board)?;
        if feed.has_gap() && feed.has_members() {
            return feed.served();
        }
        feed.is_filling_gap = false;
        None
    }

    /// Waits until the queues of live members have drained, since the log is read faster than
    /// connections are written. Returns the rest of `wait_left`.
    async fn wait_for_slow_members(&self, board: BoardId, wait_left: Duration) -> Duration {
        let deadline = Instant::now() + wait_left;
        let queue = || self.feeds().get(&board).and_then(BoardFeed::queue_over_high_water_mark);
        while let Some(queue) = queue() {
            if timeout_at(deadline, queue.drained()).await.is_err() {
                break;
            }
        }
        deadline.saturating_duration_since(Instant::now())
    }
}

/// Whether a page of the log starts at the gap. A page that starts later is an error and is
/// retried with backoff.
fn continues(events: &[Event], after: Seq) -> bool {
    events.first().is_some_and(|first| first.from <= after.next())
}
