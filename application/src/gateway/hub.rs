//! All boards that somebody at this gateway looks at: one subscription each, however many look.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{BoardId, Event, Position, Seq};
use tokio::sync::Notify;

use super::feed::{CatchUp, Feed};
use super::outgoing::{CloseReason, Outgoing};
use super::single_flight::SingleFlight;
use super::{GatewaySettings, encode, locked};
use crate::envelope::{Announced, Announcement, Answer, Encoded, Question};
use crate::ports::{Announcements, Queries, Unavailable};
use crate::slot::Slot;
use crate::trace::TraceId;

/// Boards in one question for heads.
const HEADS_MAX: usize = 1_000;
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Events of a board, encoded: what a member who was away gets.
pub(super) type Page = Arc<Vec<(Seq, Encoded)>>;

/// Brings each board's events to the sessions that joined it.
pub(super) struct Hub {
    queries: Arc<dyn Queries>,
    announcements: Arc<dyn Announcements>,
    feeds: Mutex<HashMap<BoardId, Feed>>,
    listening: tokio::sync::Mutex<BTreeSet<Slot>>,
    pages: SingleFlight<(BoardId, Seq), Result<Page, Unavailable>>,
    doubt: Notify,
    feed_bytes_max: usize,
}

impl Hub {
    pub fn new(
        queries: Arc<dyn Queries>,
        announcements: Arc<dyn Announcements>,
        settings: &GatewaySettings,
    ) -> Self {
        Self {
            queries,
            announcements,
            feeds: Mutex::default(),
            listening: tokio::sync::Mutex::default(),
            pages: SingleFlight::new(),
            doubt: Notify::new(),
            feed_bytes_max: settings.feed_bytes_max,
        }
    }

    /// Makes a session a member of a board's feed. When this returns, no news of it is missed.
    pub async fn open(
        &self,
        board: BoardId,
        session: u64,
        outgoing: Arc<Outgoing>,
    ) -> Result<(), Unavailable> {
        self.feeds().entry(board).or_default().add(session, outgoing);
        let slot = Slot::of(board);
        let mut listening = self.listening.lock().await;
        if !listening.contains(&slot) {
            self.announcements.listen(slot).await?;
            listening.insert(slot);
        }
        Ok(())
    }

    pub fn leave(&self, board: BoardId, session: u64) {
        if let Some(feed) = self.feeds().get_mut(&board) {
            feed.remove(session);
        }
    }

    /// Learns from an admission where a board stands.
    pub fn learn(self: &Arc<Self>, board: BoardId, head: Seq) {
        if let Some(feed) = self.feeds().get_mut(&board) {
            feed.learn(head, self.feed_bytes_max);
            self.fill_if_needed(board, feed);
        }
    }

    pub fn catch_up(&self, board: BoardId, session: u64, seen: Seq) -> CatchUp {
        self.feeds().get_mut(&board).map_or(CatchUp::Gone, |feed| feed.catch_up(session, seen))
    }

    /// A page of a board's events from the log, shared by all who ask for the same one at once.
    pub async fn page(&self, board: BoardId, after: Seq) -> Result<Page, Unavailable> {
        let queries = Arc::clone(&self.queries);
        let look_up = || async move {
            let Answer::Events(events) = queries.ask(Question::Events { board, after }).await?
            else {
                return Err(Unavailable("the log cannot be read now".to_owned()));
            };
            let encoded = events
                .into_iter()
                .map(|event| (event.seq, encode(&ServerMessage::Event { event })))
                .collect();
            Ok(Arc::new(encoded))
        };
        self.pages.get((board, after), look_up).await
    }

    /// Takes in what happened. However much that is at once, a client that keeps up is not cut.
    pub async fn announced(self: &Arc<Self>, announcement: Announcement) {
        for announced in announcement.events {
            if self.take(announced) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Whether somebody who looks at the board needs a turn to write before more comes.
    fn take(self: &Arc<Self>, announced: Announced) -> bool {
        let board = announced.event.board;
        let mut feeds = self.feeds();
        let Some(feed) = feeds.get_mut(&board) else { return false };
        feed.take(announced, self.feed_bytes_max);
        self.fill_if_needed(board, feed);
        feed.needs_a_turn()
    }

    fn fill_if_needed(self: &Arc<Self>, board: BoardId, feed: &mut Feed) {
        if feed.has_gap() && !feed.is_filling {
            feed.is_filling = true;
            let hub = Arc::clone(self);
            tokio::spawn(async move { hub.fill(board).await });
        }
    }

    /// Fetches what was missed until nothing is.
    async fn fill(self: Arc<Self>, board: BoardId) {
        metrics::counter!("sockbit_gaps_total").increment(1);
        while let Some(after) = self.begin_of_gap(board) {
            match self.queries.ask(Question::Events { board, after }).await {
                Ok(Answer::Events(events)) if leads_on(&events, after) => {
                    let trace = TraceId::default();
                    let events = events.into_iter().map(|event| Announced { trace, event });
                    let slot = Slot::of(board);
                    self.announced(Announcement { slot, events: events.collect() }).await;
                }
                answer => {
                    let error = answer.err();
                    tracing::warn!(%board, %after, ?error, "a gap could not be filled yet");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    fn begin_of_gap(&self, board: BoardId) -> Option<Seq> {
        let mut feeds = self.feeds();
        let feed = feeds.get_mut(&board)?;
        if feed.has_gap() && !feed.is_deserted() {
            return feed.last();
        }
        feed.is_filling = false;
        None
    }

    /// The very last event may have been missed, which nothing later would tell: so heads are
    /// compared now and then, and whenever there is doubt.
    pub async fn compare_heads_regularly(self: &Arc<Self>, every: Duration) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => self.sweep().await,
                () = self.doubt.notified() => {}
            }
            self.compare_heads().await;
        }
    }

    pub fn compare_heads_now(&self) {
        self.doubt.notify_one();
    }

    async fn compare_heads(self: &Arc<Self>) {
        let before: Vec<(BoardId, Option<Seq>)> =
            self.feeds().iter().map(|(board, feed)| (*board, feed.last())).collect();
        for chunk in before.chunks(HEADS_MAX) {
            let boards = chunk.iter().map(|(board, _)| *board).collect();
            match self.queries.ask(Question::Heads { boards }).await {
                Ok(Answer::Heads(heads)) => self.compare(chunk, &heads.into_iter().collect()),
                answer => tracing::warn!(?answer, "heads could not be compared"),
            }
        }
    }

    fn compare(
        self: &Arc<Self>,
        before: &[(BoardId, Option<Seq>)],
        heads: &HashMap<BoardId, Position>,
    ) {
        let mut feeds = self.feeds();
        for (board, last_before) in before {
            let Some(feed) = feeds.get_mut(board) else { continue };
            let head = heads.get(board).copied();
            if feed.contradicts(*last_before, head) {
                tracing::warn!(%board, "the board has another history; its clients resume anew");
                feed.close(CloseReason::HistoryChanged);
                *feed = Feed::default();
            } else if let (Some(head), Some(_)) = (head, last_before) {
                feed.learn(head.seq, self.feed_bytes_max);
                self.fill_if_needed(*board, feed);
            }
        }
    }

    /// Forgets boards at which nobody looks any more, and stops listening where none is left.
    async fn sweep(&self) {
        let mut listening = self.listening.lock().await;
        let needed: BTreeSet<Slot> = {
            let mut feeds = self.feeds();
            feeds.retain(|_, feed| !feed.is_deserted());
            feeds.keys().map(|board| Slot::of(*board)).collect()
        };
        let idle: Vec<Slot> = listening.difference(&needed).copied().collect();
        for slot in idle {
            if self.announcements.unlisten(slot).await.is_ok() {
                listening.remove(&slot);
            }
        }
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<BoardId, Feed>> {
        locked(&self.feeds)
    }
}

/// Whether a part of the log begins where the gap does: a log with a hole is not asked in a hurry.
fn leads_on(events: &[Event], after: Seq) -> bool {
    events.first().is_some_and(|first| first.from <= after.next())
}
