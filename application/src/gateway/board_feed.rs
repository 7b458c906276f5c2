//! One board's news as a gateway hears them: in order, each encoded once, the latest kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sockbit_domain::{EventId, Position, Seq};

use super::encoded_event::{EncodedEvent, MemoryBudget};
use super::outgoing_queue::{CloseReason, OutgoingQueue};
use crate::envelope::AnnouncedEvent;

/// Events that may wait for one that they follow; what comes beyond is fetched with the gap.
const AHEAD_MAX: usize = 64;

/// The news of one board.
pub(super) struct BoardFeed {
    room: Arc<MemoryBudget>,
    /// Up to where the members who are live have been served; `None` until somebody joined.
    last: Option<Position>,
    /// The latest event that was heard of.
    known: Option<Position>,
    kept: VecDeque<EncodedEvent>,
    kept_bytes: usize,
    ahead: BTreeMap<Seq, EncodedEvent>,
    ahead_bytes: usize,
    /// Served in the order in which their sessions began, so that a run can be repeated.
    members: BTreeMap<u64, Member>,
    pub is_filling: bool,
}

struct Member {
    outgoing: Arc<OutgoingQueue>,
    /// What a member who is live has seen; one who catches up is not served from here yet.
    seen: Option<Seq>,
}

/// What came of serving what follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Served {
    /// There is no more.
    All,
    /// There may be more, but somebody who is live should have a turn to write first.
    NeedsATurn,
    /// What came next does not follow the last one: it is of another history.
    Contradiction,
}

/// How a member catches up.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CatchUp {
    /// It has everything, and is served from now on.
    Live,
    /// What it misses is no longer kept here.
    Missing,
    /// It is no member.
    Gone,
}

impl BoardFeed {
    pub fn new(room: Arc<MemoryBudget>) -> Self {
        Self {
            room,
            last: None,
            known: None,
            kept: VecDeque::new(),
            kept_bytes: 0,
            ahead: BTreeMap::new(),
            ahead_bytes: 0,
            members: BTreeMap::new(),
            is_filling: false,
        }
    }

    pub fn add(&mut self, session: u64, outgoing: Arc<OutgoingQueue>) {
        self.members.insert(session, Member { outgoing, seen: None });
    }

    pub fn remove(&mut self, session: u64) {
        self.members.remove(&session);
    }

    pub fn is_deserted(&self) -> bool {
        self.members.is_empty()
    }

    pub fn last(&self) -> Option<Position> {
        self.last
    }

    /// The latest event that was heard of, served or not.
    pub fn known(&self) -> Option<Position> {
        self.known
    }

    /// Whether something has to be fetched before more can be served.
    pub fn has_gap(&self) -> bool {
        let (Some(last), Some(known)) = (self.last, self.known) else { return false };
        last.seq < known.seq && self.what_follows().is_none()
    }

    /// Learns where the board stands. The first to join fixes where the feed begins.
    pub fn learn(&mut self, head: Position) {
        self.hear_of(head);
        self.last.get_or_insert(head);
    }

    fn hear_of(&mut self, position: Position) {
        if self.known.is_none_or(|known| known.seq < position.seq) {
            self.known = Some(position);
        }
    }

    /// Takes an event in, whatever the order in which it came. It is served by [`Self::serve`].
    pub fn take(&mut self, announced: AnnouncedEvent) {
        let (from, seq) = (announced.event.from, announced.event.seq);
        self.hear_of(announced.event.position());
        if self.last.is_some_and(|last| seq <= last.seq) {
            return;
        }
        let waits = self.last.is_none_or(|last| from > last.seq.next());
        if waits && self.ahead.len() >= AHEAD_MAX {
            return;
        }
        let held = EncodedEvent::new(announced, &self.room);
        if waits && self.is_too_much_ahead(&held) {
            return;
        }
        self.ahead_bytes += held.bytes();
        if let Some(replaced) = self.ahead.insert(seq, held) {
            self.ahead_bytes -= replaced.bytes();
        }
    }

    fn is_too_much_ahead(&self, held: &EncodedEvent) -> bool {
        self.ahead_bytes + held.bytes() > self.room.bytes_max || self.room.is_over()
    }

    /// Serves what follows until there is a reason not to.
    pub fn serve(&mut self) -> Served {
        while let Some(held) = self.take_what_follows() {
            let Some(last) = self.last.filter(|last| held.seq > last.seq) else { continue };
            if held.from == last.seq.next() && held.follows.is_some_and(|id| id != last.event) {
                return Served::Contradiction;
            }
            self.last = Some(held.position());
            self.serve_one(&held);
            self.keep(held);
            if self.needs_a_turn() {
                return Served::NeedsATurn;
            }
        }
        Served::All
    }

    /// The first that waits for nothing more. An event that stands for several may stand behind
    /// one of them.
    fn what_follows(&self) -> Option<Seq> {
        let next = self.last?.seq.next();
        self.ahead.iter().find(|(_, held)| held.from <= next).map(|(seq, _)| *seq)
    }

    fn take_what_follows(&mut self) -> Option<EncodedEvent> {
        let held = self.ahead.remove(&self.what_follows()?)?;
        self.ahead_bytes -= held.bytes();
        Some(held)
    }

    fn serve_one(&mut self, held: &EncodedEvent) {
        let live =
            self.members.values_mut().filter(|it| it.seen.is_some_and(|seen| seen < held.seq));
        let mut served = 0_u64;
        for member in live {
            member.outgoing.push(held.encoded.clone());
            member.seen = Some(held.seq);
            served += 1;
        }
        tracing::debug!(
            trace = %held.trace, board = %held.board, seq = %held.seq, served, "event"
        );
        metrics::counter!("sockbit_events_sent_total").increment(served);
    }

    fn needs_a_turn(&self) -> bool {
        let mut needs = false;
        for member in self.members.values().filter(|it| it.seen.is_some()) {
            // Everybody is asked: whoever is crowded has been given its turn then.
            needs |= member.outgoing.needs_a_turn();
        }
        needs
    }

    /// Somebody who is live and has not taken most of what it was served.
    pub fn crowded(&self) -> Option<Arc<OutgoingQueue>> {
        let mut live = self.members.values().filter(|it| it.seen.is_some());
        live.find(|it| it.outgoing.is_crowded()).map(|it| Arc::clone(&it.outgoing))
    }

    fn keep(&mut self, held: EncodedEvent) {
        self.kept_bytes += held.bytes();
        self.kept.push_back(held);
        self.trim(self.room.bytes_max);
    }

    /// Keeps what was fetched from the log for somebody who was away, for those who come after, as far as it leads on to
    /// what is kept.
    pub fn keep_before(&mut self, page: Vec<EncodedEvent>) {
        let joint = match self.kept.front() {
            Some(first) => page.iter().position(|it| {
                it.seq.next() == first.from && first.follows.is_none_or(|id| id == it.id)
            }),
            None => page.iter().position(|it| Some(it.position()) == self.last),
        };
        let Some(joint) = joint else { return };
        for held in page.into_iter().take(joint + 1).rev() {
            self.kept_bytes += held.bytes();
            self.kept.push_front(held);
        }
        self.trim(self.room.bytes_max);
    }

    /// Lets the oldest go until no more is kept than may be.
    pub fn trim(&mut self, bytes_max: usize) {
        while self.kept.len() > self.room.events_max
            || self.kept_bytes > bytes_max
            || self.room.is_over()
        {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.kept_bytes -= oldest.bytes();
        }
    }

    /// Serves a member from `position` on, if what it misses is kept here.
    pub fn catch_up(&mut self, session: u64, position: Position) -> CatchUp {
        if self.is_contradicted_by(position) {
            return CatchUp::Gone;
        }
        self.hear_of(position);
        let Some(member) = self.members.get_mut(&session) else { return CatchUp::Gone };
        let seen = position.seq;
        let last = self.last.map_or(Seq::default(), |last| last.seq);
        let is_covered = seen >= last || self.kept.front().is_some_and(|it| it.from <= seen.next());
        if !is_covered {
            return CatchUp::Missing;
        }
        for kept in self.kept.iter().filter(|kept| kept.seq > seen) {
            member.outgoing.push(kept.encoded.clone());
        }
        member.seen = Some(seen.max(last));
        CatchUp::Live
    }

    /// Whether this position belongs to another history than this feed: another event stands there.
    pub fn is_contradicted_by(&self, position: Position) -> bool {
        self.id_at(position.seq).is_some_and(|id| id != position.event)
    }

    /// The id of the event with this number, as far as it is known here.
    fn id_at(&self, seq: Seq) -> Option<EventId> {
        let mut ends = [self.last, self.known].into_iter().flatten();
        if let Some(end) = ends.find(|end| end.seq == seq) {
            return Some(end.event);
        }
        let kept = self.kept.binary_search_by_key(&seq, |kept| kept.seq).ok();
        let kept = kept.and_then(|place| self.kept.get(place));
        kept.or_else(|| self.ahead.get(&seq)).map(|held| held.id)
    }

    /// Whether a head that was read when this feed had heard of `known_before` belongs to another
    /// history than it.
    pub fn contradicts(&self, known_before: Option<Position>, head: Option<Position>) -> bool {
        let Some(known_before) = known_before else { return false };
        let Some(head) = head else { return true };
        head.seq < known_before.seq || self.is_contradicted_by(head)
    }

    /// Sends every member away, to come back by its position.
    pub fn close(&mut self, reason: CloseReason) {
        for member in std::mem::take(&mut self.members).into_values() {
            member.outgoing.close(reason);
        }
    }
}
