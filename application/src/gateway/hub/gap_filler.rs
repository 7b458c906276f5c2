//! What was missed is fetched from the log, at a pace at which those who look can take it.

use std::sync::Arc;
use std::time::Duration;

use sockbit_domain::{BoardId, Event, Position, Seq};
use tokio::time::{Instant, timeout_at};

use super::Hub;
use crate::backoff;
use crate::envelope::{AnnouncedEvent, Announcement, CoreQuery, CoreReply};
use crate::gateway::board_feed::BoardFeed;
use crate::slot::Slot;
use crate::trace::TraceId;

/// How long everybody at a board waits, in one gap, for those who do not take it so fast.
const PATIENCE: Duration = Duration::from_secs(1);

impl Hub {
    pub(super) fn fill_if_needed(self: &Arc<Self>, board: BoardId, feed: &mut BoardFeed) {
        if feed.has_gap() && !feed.is_filling {
            feed.is_filling = true;
            let hub = Arc::clone(self);
            tokio::spawn(async move { hub.fill(board).await });
        }
    }

    /// Fetches what was missed until nothing is.
    async fn fill(self: Arc<Self>, board: BoardId) {
        metrics::counter!("sockbit_gaps_total").increment(1);
        let mut patience = PATIENCE;
        let mut failed = 0;
        while let Some(after) = self.begin_of_gap(board) {
            let query = CoreQuery::Events { board, after: after.seq, id: Some(after.event) };
            match self.queries.query(query).await {
                Ok(CoreReply::HistoryDiverged) => self.is_another_history(board),
                Ok(CoreReply::Events(events)) if leads_on(&events, after.seq) => {
                    failed = 0;
                    patience = self.wait_for_room(board, patience).await;
                    self.announced(announcement(board, after, events)).await;
                }
                answer => {
                    let error = answer.err();
                    tracing::warn!(%board, after = %after.seq, ?error, "a gap could not be filled yet");
                    failed += 1;
                    tokio::time::sleep(backoff::pause((self.gateway, board), failed)).await;
                }
            }
        }
    }

    fn begin_of_gap(&self, board: BoardId) -> Option<Position> {
        let mut feeds = self.feeds();
        let feed = feeds.get_mut(&board)?;
        if feed.has_gap() && !feed.is_deserted() {
            return feed.last();
        }
        feed.is_filling = false;
        None
    }

    /// The log is read faster than a line takes it. Gives the patience that is left.
    async fn wait_for_room(&self, board: BoardId, patience: Duration) -> Duration {
        let end = Instant::now() + patience;
        while let Some(crowded) = self.crowded(board) {
            if timeout_at(end, crowded.eased()).await.is_err() {
                break;
            }
        }
        end.saturating_duration_since(Instant::now())
    }

    fn crowded(&self, board: BoardId) -> Option<Arc<super::OutgoingQueue>> {
        self.feeds().get(&board).and_then(BoardFeed::crowded)
    }
}

/// A part of the log as if it was announced.
pub(super) fn announcement(board: BoardId, after: Position, events: Vec<Event>) -> Announcement {
    let mut previous = after;
    let announced = |event: Event| {
        let before = std::mem::replace(&mut previous, event.position());
        let follows = (before.seq.next() == event.from).then_some(before.event);
        AnnouncedEvent { trace: TraceId::default(), follows, event }
    };
    Announcement { slot: Slot::of(board), events: events.into_iter().map(announced).collect() }
}

/// Whether a part of the log begins where the gap does: a log with a hole is not asked in a hurry.
fn leads_on(events: &[Event], after: Seq) -> bool {
    events.first().is_some_and(|first| first.from <= after.next())
}
