//! All boards that somebody at this gateway looks at: one subscription each, however many look.

mod gap_filler;
mod head_comparison;
mod slot_subscriptions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sockbit_domain::{BoardId, Position};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use uuid::Uuid;

use super::board_feed::{BoardFeed, CatchUp, Served};
use super::encoded_event::{EncodedEvent, MemoryBudget};
use super::outgoing_queue::{CloseReason, OutgoingQueue};
use super::single_flight::SingleFlight;
use super::{GatewaySettings, locked};
use crate::envelope::{AnnouncedEvent, Announcement, CoreQuery, CoreReply, EncodedMessage};
use crate::ports::{Announcements, Queries, Unavailable};
use crate::slot::Slot;

use gap_filler::announcement;
use slot_subscriptions::SlotSubscriptions;

/// Events of a board, encoded: what a member who was away gets.
pub(super) type Page = Arc<Vec<(Position, EncodedMessage)>>;

/// Brings each board's events to the sessions that joined it.
pub(super) struct Hub {
    /// The gateway, by which it waits for other times than the others.
    gateway: Uuid,
    queries: Arc<dyn Queries>,
    feeds: Mutex<BTreeMap<BoardId, BoardFeed>>,
    slots: Arc<SlotSubscriptions>,
    room: Arc<MemoryBudget>,
    pages: SingleFlight<(BoardId, Position), Result<Page, Unavailable>>,
    doubt: Notify,
}

impl Hub {
    pub fn new(
        gateway: Uuid,
        queries: Arc<dyn Queries>,
        announcements: Arc<dyn Announcements>,
        settings: &GatewaySettings,
    ) -> Self {
        Self {
            gateway,
            queries,
            feeds: Mutex::default(),
            slots: SlotSubscriptions::new(announcements),
            room: MemoryBudget::new(settings),
            pages: SingleFlight::new(),
            doubt: Notify::new(),
        }
    }

    /// Makes a session a member of a board's feed. When this returns, no news of it is missed.
    pub async fn open(
        &self,
        board: BoardId,
        session: u64,
        outgoing: Arc<OutgoingQueue>,
    ) -> Result<(), Unavailable> {
        let new = || BoardFeed::new(Arc::clone(&self.room));
        self.feeds().entry(board).or_insert_with(new).add(session, outgoing);
        self.slots.subscribe(Slot::of(board)).await
    }

    pub fn leave(&self, board: BoardId, session: u64) {
        if let Some(feed) = self.feeds().get_mut(&board) {
            feed.remove(session);
        }
    }

    /// Learns from an admission where a board stands.
    pub fn learn(self: &Arc<Self>, board: BoardId, head: Position) {
        let mut feeds = self.feeds();
        let Some(feed) = feeds.get_mut(&board) else { return };
        if feed.is_contradicted_by(head) {
            return self.begin_anew(board, feed);
        }
        feed.learn(head);
        drop(feeds);
        // Nobody is live before the first admission, so nobody needs a turn to take what waited.
        while self.serve(board, None) {}
    }

    pub fn catch_up(&self, board: BoardId, session: u64, seen: Position) -> CatchUp {
        self.feeds().get_mut(&board).map_or(CatchUp::Gone, |feed| feed.catch_up(session, seen))
    }

    /// A page of a board's events from the log, shared by all who ask for the same one at once, and kept for those who
    /// come after as far as there is room. It is empty where the log does not know the one to begin after.
    pub async fn page(
        self: &Arc<Self>,
        board: BoardId,
        after: Position,
    ) -> Result<Page, Unavailable> {
        let hub = Arc::clone(self);
        let look_up = || async move { hub.look_up(board, after).await };
        self.pages.get((board, after), look_up).await
    }

    async fn look_up(&self, board: BoardId, after: Position) -> Result<Page, Unavailable> {
        let query = CoreQuery::Events { board, after: after.seq, id: Some(after.event) };
        let events = match self.queries.query(query).await? {
            CoreReply::Events(events) => events,
            CoreReply::HistoryDiverged => Vec::new(),
            _ => return Err(Unavailable("the log cannot be read now".to_owned())),
        };
        let announced = announcement(board, after, events).events;
        let held: Vec<EncodedEvent> =
            announced.into_iter().map(|it| EncodedEvent::new(it, &self.room)).collect();
        let page = held.iter().map(|it| (it.position(), it.encoded.clone())).collect();
        if let Some(feed) = self.feeds().get_mut(&board) {
            feed.keep_before(held);
        }
        Ok(Arc::new(page))
    }

    /// Takes in what happened. However much that is at once, a client that keeps up is not cut.
    pub async fn announced(self: &Arc<Self>, announcement: Announcement) {
        for announced in announcement.events {
            let board = announced.event.board;
            let mut come = Some(announced);
            while self.serve(board, come.take()) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Whether somebody who looks at the board needs a turn to write before more comes.
    fn serve(self: &Arc<Self>, board: BoardId, come: Option<AnnouncedEvent>) -> bool {
        let mut feeds = self.feeds();
        let Some(feed) = feeds.get_mut(&board) else { return false };
        if let Some(announced) = come {
            if feed.is_contradicted_by(announced.event.position()) {
                self.begin_anew(board, feed);
            }
            feed.take(announced);
        }
        let served = feed.serve();
        if served == Served::Contradiction {
            self.begin_anew(board, feed);
        }
        self.fill_if_needed(board, feed);
        served == Served::NeedsATurn
    }

    fn is_another_history(&self, board: BoardId) {
        if let Some(feed) = self.feeds().get_mut(&board) {
            self.begin_anew(board, feed);
        }
    }

    /// Sends away who looks at a board that has another history, to come back by their positions.
    fn begin_anew(&self, board: BoardId, feed: &mut BoardFeed) {
        tracing::warn!(%board, "the board has another history; its clients resume anew");
        feed.close(CloseReason::HistoryChanged);
        *feed = BoardFeed::new(Arc::clone(&self.room));
    }

    /// Forgets boards at which nobody looks any more. Where there is no room for all that those
    /// left may keep, the quiet ones keep no more than their share, so that the busy ones can.
    fn forget_what_is_deserted(&self) {
        let mut feeds = self.feeds();
        feeds.retain(|_, feed| !feed.is_deserted());
        let share = self.room.share(feeds.len());
        feeds.values_mut().for_each(|feed| feed.trim(share));
    }

    /// Listens no more to slots in which no board is left. Beside everything else, since a bus may take its time for each.
    pub async fn cease_to_listen_regularly(&self, every: Duration) {
        let mut beat = interval_at(Instant::now() + every, every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            beat.tick().await;
            self.cease_to_listen().await;
        }
    }

    async fn cease_to_listen(&self) {
        self.slots.sweep(|| self.slots_in_use()).await;
    }

    #[cfg(test)]
    pub async fn sweep(&self) {
        self.forget_what_is_deserted();
        self.cease_to_listen().await;
    }

    fn slots_in_use(&self) -> BTreeSet<Slot> {
        self.feeds().keys().map(|board| Slot::of(*board)).collect()
    }

    fn feeds(&self) -> MutexGuard<'_, BTreeMap<BoardId, BoardFeed>> {
        locked(&self.feeds)
    }
}
