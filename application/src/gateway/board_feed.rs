//! The feed of one board: puts its events in order, serves them to its members, and caches recent
//! ones.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sockbit_domain::{EventId, Position, Seq};

use super::close_reason::CloseReason;
use super::encoded_event::EncodedEvent;
use super::feed_members::{FeedMembers, SendResult};
use super::feed_memory_budget::FeedMemoryBudget;
use super::outgoing_queue::OutgoingQueue;
use crate::bus_messages::AnnouncedEvent;

/// Events ahead of a gap that are held; further ones are fetched with the gap.
const AHEAD_MAX: usize = 64;

/// The events of one board at this gateway, and the members that receive them.
pub(super) struct BoardFeed {
    budget: Arc<FeedMemoryBudget>,
    /// The last event that was put in order and is sent to live members; `None` before the first
    /// admission.
    served: Option<Position>,
    /// The latest event that is known to exist, served or not.
    head: Option<Position>,
    /// Recent events that were served, without gaps.
    recent: VecDeque<Arc<EncodedEvent>>,
    recent_bytes: usize,
    /// Events that are not served yet, because of a gap or because many are pending.
    ahead: BTreeMap<Seq, EncodedEvent>,
    ahead_bytes: usize,
    members: FeedMembers,
    /// Whether an event did not follow the one before it.
    has_diverged: bool,
    pub is_filling_gap: bool,
}

/// Why [`BoardFeed::serve`] stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ServeResult {
    /// No further event can be served.
    Complete,
    /// More members are to be served in further turns.
    TurnComplete,
    /// More events may follow, but the queue of a live member should drain first.
    MustYield,
    /// The next event does not follow the last one: it belongs to another history.
    HistoryDiverged,
}

/// Whether a member could catch up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CatchUpResult {
    /// The member has all events and is served from now on.
    Live,
    /// The events that the member misses are not cached.
    NotCached,
    /// The member belongs to another history, or is not a member any more.
    HistoryDiverged,
}

impl BoardFeed {
    pub fn new(budget: Arc<FeedMemoryBudget>) -> Self {
        Self {
            budget,
            served: None,
            head: None,
            recent: VecDeque::new(),
            recent_bytes: 0,
            ahead: BTreeMap::new(),
            ahead_bytes: 0,
            members: FeedMembers::default(),
            has_diverged: false,
            is_filling_gap: false,
        }
    }

    pub fn add_member(&mut self, session: u64, outgoing: Arc<OutgoingQueue>) {
        self.members.add(session, outgoing);
    }

    pub fn remove_member(&mut self, session: u64) {
        self.members.remove(session);
    }

    pub fn has_members(&self) -> bool {
        self.members.len() > 0
    }

    /// The last event that was put in order and is sent to live members.
    pub fn served(&self) -> Option<Position> {
        self.served
    }

    /// The latest event that is known to exist, served or not.
    pub fn head(&self) -> Option<Position> {
        self.head
    }

    /// Whether events have to be fetched before more can be served.
    pub fn has_gap(&self) -> bool {
        let (Some(served), Some(head)) = (self.served, self.head) else { return false };
        served.seq < head.seq && self.next_in_order().is_none()
    }

    /// Records the head of the board. The first head decides where the feed starts.
    pub fn set_head(&mut self, head: Position) {
        self.advance_head(head);
        self.served.get_or_insert(head);
    }

    fn advance_head(&mut self, position: Position) {
        if self.head.is_none_or(|head| head.seq < position.seq) {
            self.head = Some(position);
        }
    }

    /// Adds an event, in whatever order events arrive. [`Self::serve`] serves it.
    pub fn insert(&mut self, announced: AnnouncedEvent) {
        let (from, seq) = (announced.event.from, announced.event.seq);
        self.advance_head(announced.event.position());
        if self.served.is_some_and(|served| seq <= served.seq) {
            return;
        }
        let is_after_gap = self.served.is_none_or(|served| from > served.seq.next());
        if is_after_gap && self.ahead.len() >= AHEAD_MAX {
            return;
        }
        let event = EncodedEvent::new(announced, &self.budget);
        if is_after_gap && self.exceeds_budget(&event) {
            return;
        }
        self.ahead_bytes += event.bytes();
        if let Some(replaced) = self.ahead.insert(seq, event) {
            self.ahead_bytes -= replaced.bytes();
        }
        self.put_in_order();
    }

    fn exceeds_budget(&self, event: &EncodedEvent) -> bool {
        self.ahead_bytes + event.bytes() > self.budget.bytes_max || self.budget.is_exceeded()
    }

    /// Whether so many events are pending that no more should be inserted before these are served.
    pub fn is_full(&self) -> bool {
        let (events, bytes) = self.members.pending();
        events > 0 && (events * 2 >= self.budget.events_max || bytes * 2 >= self.budget.bytes_max)
    }

    /// Serves events in order to live members, for one turn.
    pub fn serve(&mut self) -> ServeResult {
        loop {
            match self.members.send_pending() {
                _ if self.has_diverged => return ServeResult::HistoryDiverged,
                SendResult::MustYield => return ServeResult::MustYield,
                SendResult::TurnComplete => return ServeResult::TurnComplete,
                SendResult::Complete => {}
            }
            self.put_in_order();
            if self.members.pending() == (0, 0) {
                return ServeResult::Complete;
            }
        }
    }

    /// Makes events pending that have no gap before them, until many are.
    fn put_in_order(&mut self) {
        while !self.is_full()
            && !self.has_diverged
            && let Some(event) = self.take_next_in_order()
        {
            let Some(served) = self.served.filter(|served| event.seq > served.seq) else {
                continue;
            };
            let follows_other = event.follows.is_some_and(|id| id != served.event);
            if event.from == served.seq.next() && follows_other {
                self.has_diverged = true;
                return;
            }
            tracing::debug!(
                trace = %event.trace, board = %event.board, seq = %event.seq,
                members = self.members.len(), "event"
            );
            self.served = Some(event.position());
            let event = Arc::new(event);
            self.members.add_pending(Arc::clone(&event));
            self.cache(event);
        }
    }

    /// The first event that has no gap before it. A compacted event covers several numbers, so it
    /// may start before the next one.
    fn next_in_order(&self) -> Option<Seq> {
        let next = self.served?.seq.next();
        self.ahead.iter().find(|(_, event)| event.from <= next).map(|(seq, _)| *seq)
    }

    fn take_next_in_order(&mut self) -> Option<EncodedEvent> {
        let event = self.ahead.remove(&self.next_in_order()?)?;
        self.ahead_bytes -= event.bytes();
        Some(event)
    }

    /// The queue of a live member that is over its high-water mark.
    pub fn queue_over_high_water_mark(&self) -> Option<Arc<OutgoingQueue>> {
        self.members.queue_over_high_water_mark()
    }

    fn cache(&mut self, event: Arc<EncodedEvent>) {
        self.recent_bytes += event.bytes();
        self.recent.push_back(event);
        self.trim_cache(self.budget.bytes_max);
    }

    /// Caches a page that was fetched from the log, as far as it leads up to the events that are
    /// cached already.
    pub fn cache_page(&mut self, page: Vec<EncodedEvent>) {
        let last = match self.recent.front() {
            Some(first) => page.iter().position(|it| {
                it.seq.next() == first.from && first.follows.is_none_or(|id| id == it.id)
            }),
            None => page.iter().position(|it| Some(it.position()) == self.served),
        };
        let Some(last) = last else { return };
        for event in page.into_iter().take(last + 1).rev() {
            self.recent_bytes += event.bytes();
            self.recent.push_front(Arc::new(event));
        }
        self.trim_cache(self.budget.bytes_max);
    }

    /// Drops the oldest cached events until the rest is within `bytes_max` and the budget.
    pub fn trim_cache(&mut self, bytes_max: usize) {
        while self.recent.len() > self.budget.events_max
            || self.recent_bytes > bytes_max
            || self.budget.is_exceeded()
        {
            let Some(oldest) = self.recent.pop_front() else { return };
            self.recent_bytes -= oldest.bytes();
        }
    }

    /// Sends a member the events after `position` and makes it live, if they are cached.
    pub fn catch_up(&mut self, session: u64, position: Position) -> CatchUpResult {
        if self.diverges_from(position) {
            return CatchUpResult::HistoryDiverged;
        }
        self.advance_head(position);
        if !self.members.contains(session) {
            return CatchUpResult::HistoryDiverged;
        }
        let seen = position.seq;
        let served = self.served.map_or(Seq::default(), |served| served.seq);
        let is_cached =
            seen >= served || self.recent.front().is_some_and(|it| it.from <= seen.next());
        if !is_cached {
            return CatchUpResult::NotCached;
        }
        let missed = self.recent.iter().filter(|event| event.seq > seen);
        self.members.make_live(session, missed, seen.max(served));
        CatchUpResult::Live
    }

    /// Whether this feed knows another event at the position's number.
    pub fn diverges_from(&self, position: Position) -> bool {
        self.id_at(position.seq).is_some_and(|id| id != position.event)
    }

    /// The id of the event with this number, if the feed knows it.
    fn id_at(&self, seq: Seq) -> Option<EventId> {
        let mut ends = [self.served, self.head].into_iter().flatten();
        if let Some(end) = ends.find(|end| end.seq == seq) {
            return Some(end.event);
        }
        let index = self.recent.binary_search_by_key(&seq, |event| event.seq).ok();
        let event = index.and_then(|index| self.recent.get(index));
        event.map(|event| &**event).or_else(|| self.ahead.get(&seq)).map(|event| event.id)
    }

    /// Whether a stored head belongs to another history. `head_before` is the head that this feed
    /// knew before the stored one was read.
    pub fn diverges_from_stored(
        &self,
        head_before: Option<Position>,
        stored: Option<Position>,
    ) -> bool {
        let Some(head_before) = head_before else { return false };
        let Some(stored) = stored else { return true };
        stored.seq < head_before.seq || self.diverges_from(stored)
    }

    /// Closes the connections of all members. They resume by position.
    pub fn close_members(&mut self, reason: CloseReason) {
        self.members.close_all(reason);
    }
}
