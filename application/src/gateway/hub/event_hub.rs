//! The feeds of all boards: one per board, however many sessions have joined it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sockbit_domain::{BoardId, Position};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use uuid::Uuid;

use super::log_page_conversion::announcement;
use super::slot_subscriptions::SlotSubscriptions;
use crate::bus_messages::{AnnouncedEvent, Announcement, EncodedMessage, EventPage, EventsQuery};
use crate::gateway::board_feed::{BoardFeed, CatchUpResult, ServeResult};
use crate::gateway::close_reason::CloseReason;
use crate::gateway::encoded_event::EncodedEvent;
use crate::gateway::feed_memory_budget::FeedMemoryBudget;
use crate::gateway::outgoing_queue::OutgoingQueue;
use crate::gateway::query_batcher::QueryBatcher;
use crate::gateway::settings::GatewaySettings;
use crate::gateway::single_flight::SingleFlight;
use crate::mutex::locked;
use crate::ports::{Announcements, Queries, Unavailable};
use crate::slot::Slot;

/// Encoded events of a board from the log, for a member that catches up.
pub(in crate::gateway) type Page = Arc<Vec<(Position, EncodedMessage)>>;

/// Whether a caller has to yield and to serve a board again.
#[derive(PartialEq, Eq)]
enum Turn {
    Complete,
    MustYield,
}

/// Delivers the events of each board to the sessions that joined it.
pub(in crate::gateway) struct EventHub {
    /// The id of the gateway, which decides its jitter.
    pub(super) gateway: Uuid,
    /// For comparisons of heads.
    pub(super) queries: Arc<dyn Queries>,
    /// Queries for missing events.
    pub event_pages: QueryBatcher<EventsQuery>,
    feeds: Mutex<BTreeMap<BoardId, BoardFeed>>,
    slots: Arc<SlotSubscriptions>,
    budget: Arc<FeedMemoryBudget>,
    pages: SingleFlight<(BoardId, Position), Result<Page, Unavailable>>,
    pub(super) comparison_requested: Notify,
    /// Boards whose events are being sent to many members.
    unfinished: Mutex<BTreeSet<BoardId>>,
    unfinished_added: Notify,
}

impl EventHub {
    pub fn new(
        gateway: Uuid,
        queries: Arc<dyn Queries>,
        announcements: Arc<dyn Announcements>,
        settings: &GatewaySettings,
    ) -> Self {
        Self {
            gateway,
            event_pages: QueryBatcher::new(Arc::clone(&queries)),
            queries,
            feeds: Mutex::default(),
            slots: SlotSubscriptions::new(announcements),
            budget: FeedMemoryBudget::new(settings),
            pages: SingleFlight::new(),
            comparison_requested: Notify::new(),
            unfinished: Mutex::default(),
            unfinished_added: Notify::new(),
        }
    }

    /// Makes a session a member of a board's feed, and subscribes to the board's slot. When this
    /// returns, the feed receives all later events.
    pub async fn join(
        &self,
        board: BoardId,
        session: u64,
        outgoing: Arc<OutgoingQueue>,
    ) -> Result<(), Unavailable> {
        let new_feed = || BoardFeed::new(Arc::clone(&self.budget));
        self.feeds().entry(board).or_insert_with(new_feed).add_member(session, outgoing);
        self.slots.subscribe(Slot::of(board)).await
    }

    pub fn leave(&self, board: BoardId, session: u64) {
        if let Some(feed) = self.feeds().get_mut(&board) {
            feed.remove_member(session);
        }
    }

    /// Records the head of a board, which came with an admission.
    pub fn set_head(self: &Arc<Self>, board: BoardId, head: Position) {
        let mut feeds = self.feeds();
        let Some(feed) = feeds.get_mut(&board) else { return };
        if feed.diverges_from(head) {
            return self.reset(board, feed);
        }
        feed.set_head(head);
        drop(feeds);
        // No yield between: before the first admission no member is live.
        while self.insert_and_serve(board, &mut VecDeque::new()) == Turn::MustYield {}
    }

    pub fn catch_up(&self, board: BoardId, session: u64, seen: Position) -> CatchUpResult {
        let mut feeds = self.feeds();
        let feed = feeds.get_mut(&board);
        feed.map_or(CatchUpResult::HistoryDiverged, |feed| feed.catch_up(session, seen))
    }

    /// A page of a board's log after a position. Concurrent callers share one query, and the feed
    /// caches the page. It is empty if the log does not contain the position.
    pub async fn page(
        self: &Arc<Self>,
        board: BoardId,
        after: Position,
    ) -> Result<Page, Unavailable> {
        let hub = Arc::clone(self);
        let load = || async move { hub.load_page(board, after).await };
        self.pages.get((board, after), load).await
    }

    async fn load_page(&self, board: BoardId, after: Position) -> Result<Page, Unavailable> {
        let events = match self.read_log(board, after).await? {
            EventPage::Events(events) => events,
            EventPage::HistoryDiverged => Vec::new(),
        };
        let announced = announcement(board, after, events).events;
        let encode = |it| EncodedEvent::new(it, &self.budget);
        let events: Vec<EncodedEvent> = announced.into_iter().map(encode).collect();
        let page = events.iter().map(|it| (it.position(), it.encoded.clone())).collect();
        if let Some(feed) = self.feeds().get_mut(&board) {
            feed.cache_page(events);
        }
        Ok(Arc::new(page))
    }

    /// Queries one page of a board's log after a position.
    pub(super) async fn read_log(
        &self,
        board: BoardId,
        after: Position,
    ) -> Result<EventPage, Unavailable> {
        self.event_pages.query(EventsQuery { board, after: after.seq, id: Some(after.event) }).await
    }

    /// Delivers announced events. It yields while queues drain, so that a large announcement does
    /// not close the connection of a client that keeps up.
    ///
    /// All events of a board are queued before its clients are woken. Members that are not served
    /// in the first turn are served by [`Self::continue_serving`].
    pub async fn announce(self: &Arc<Self>, announcement: Announcement) {
        let mut by_board: BTreeMap<BoardId, VecDeque<AnnouncedEvent>> = BTreeMap::new();
        for announced in announcement.events {
            by_board.entry(announced.event.board).or_default().push_back(announced);
        }
        for (board, mut events) in by_board {
            while self.insert_and_serve(board, &mut events) == Turn::MustYield {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Inserts as many events as the feed accepts, and serves the members of one turn.
    fn insert_and_serve(
        self: &Arc<Self>,
        board: BoardId,
        announced: &mut VecDeque<AnnouncedEvent>,
    ) -> Turn {
        let mut feeds = self.feeds();
        let Some(feed) = feeds.get_mut(&board) else { return Turn::Complete };
        while !feed.is_full()
            && let Some(announced) = announced.pop_front()
        {
            if feed.diverges_from(announced.event.position()) {
                self.reset(board, feed);
            }
            feed.insert(announced);
        }
        let result = feed.serve();
        if result == ServeResult::HistoryDiverged {
            self.reset(board, feed);
        }
        self.fill_gap(board, feed);
        match result {
            ServeResult::MustYield => Turn::MustYield,
            ServeResult::TurnComplete if announced.is_empty() => {
                self.add_unfinished(board);
                Turn::Complete
            }
            _ if announced.is_empty() => Turn::Complete,
            _ => Turn::MustYield,
        }
    }

    fn add_unfinished(&self, board: BoardId) {
        locked(&self.unfinished).insert(board);
        self.unfinished_added.notify_one();
    }

    /// Serves boards with more members than one turn serves. It yields between turns, so that the
    /// members that were served can write, and events that are announced meanwhile are sent to the
    /// others together.
    pub async fn continue_serving(self: &Arc<Self>) {
        loop {
            tokio::task::yield_now().await;
            let unfinished = std::mem::take(&mut *locked(&self.unfinished));
            if unfinished.is_empty() {
                self.unfinished_added.notified().await;
            }
            for board in unfinished {
                if self.insert_and_serve(board, &mut VecDeque::new()) == Turn::MustYield {
                    self.add_unfinished(board);
                }
            }
        }
    }

    pub(super) fn reset_board(&self, board: BoardId) {
        if let Some(feed) = self.feeds().get_mut(&board) {
            self.reset(board, feed);
        }
    }

    /// Replaces a feed whose board has another history. Its members are closed and resume by
    /// position.
    pub(super) fn reset(&self, board: BoardId, feed: &mut BoardFeed) {
        tracing::warn!(%board, "the board has another history; its clients have to resume");
        feed.close_members(CloseReason::HistoryChanged);
        *feed = BoardFeed::new(Arc::clone(&self.budget));
    }

    /// Removes feeds without members, and trims each cache to an equal share of the budget, so that
    /// busy boards can cache events although quiet ones have filled it.
    pub(super) fn remove_unused_feeds(&self) {
        let mut feeds = self.feeds();
        feeds.retain(|_, feed| feed.has_members());
        let share = self.budget.share(feeds.len());
        feeds.values_mut().for_each(|feed| feed.trim_cache(share));
    }

    /// Unsubscribes from slots without boards at each interval. It runs on its own, since the bus
    /// may take long for each slot.
    pub async fn unsubscribe_periodically(&self, every: Duration) {
        let mut interval = interval_at(Instant::now() + every, every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            interval.tick().await;
            self.unsubscribe_unused_slots().await;
        }
    }

    async fn unsubscribe_unused_slots(&self) {
        self.slots.unsubscribe_unused(|| self.slots_in_use()).await;
    }

    #[cfg(test)]
    pub async fn clean_up(&self) {
        self.remove_unused_feeds();
        self.unsubscribe_unused_slots().await;
    }

    fn slots_in_use(&self) -> BTreeSet<Slot> {
        self.feeds().keys().map(|board| Slot::of(*board)).collect()
    }

    pub(super) fn feeds(&self) -> MutexGuard<'_, BTreeMap<BoardId, BoardFeed>> {
        locked(&self.feeds)
    }
}
