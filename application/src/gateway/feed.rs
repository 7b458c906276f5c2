//! One board's news as a gateway hears them: in order, each encoded once, the latest kept.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{EventId, Position, Seq};

use super::encode;
use super::outgoing::{CloseReason, Outgoing};
use crate::envelope::{Announced, Encoded};

/// Events that may wait for one that they follow; what comes beyond is fetched with the gap. Once
/// it is there they are served at one go, so they have to fit what may wait for one client.
const AHEAD_MAX: usize = 64;
/// Events kept for those who resume; with the bound in bytes it keeps a resume below the bound of
/// what may wait for one client.
const KEPT_MAX: usize = 128;

/// The news of one board.
#[derive(Default)]
pub(super) struct Feed {
    /// Up to where the members who are live have been served; `None` until somebody joined.
    last: Option<Seq>,
    /// The highest number that was heard of.
    known: Seq,
    kept: VecDeque<Kept>,
    kept_bytes: usize,
    ahead: BTreeMap<Seq, Announced>,
    members: HashMap<u64, Member>,
    pub is_filling: bool,
}

struct Kept {
    from: Seq,
    seq: Seq,
    id: EventId,
    encoded: Encoded,
}

struct Member {
    outgoing: Arc<Outgoing>,
    /// What a member who is live has seen; one who catches up is not served from here yet.
    seen: Option<Seq>,
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

impl Feed {
    pub fn add(&mut self, session: u64, outgoing: Arc<Outgoing>) {
        self.members.insert(session, Member { outgoing, seen: None });
    }

    pub fn remove(&mut self, session: u64) {
        self.members.remove(&session);
    }

    pub fn is_deserted(&self) -> bool {
        self.members.is_empty()
    }

    pub fn last(&self) -> Option<Seq> {
        self.last
    }

    pub fn has_gap(&self) -> bool {
        self.last.is_some_and(|last| last < self.known)
    }

    /// Learns where the board stands. The first to join fixes where the feed begins.
    pub fn learn(&mut self, head: Seq, bytes_max: usize) {
        self.known = self.known.max(head);
        if self.last.is_none() {
            self.last = Some(head);
            self.serve_what_follows(bytes_max);
        }
    }

    /// Whether somebody who is served live should have a turn to write before more comes.
    pub fn needs_a_turn(&self) -> bool {
        self.members.values().any(|it| it.seen.is_some() && it.outgoing.needs_a_turn())
    }

    /// Takes an event in, whatever the order in which it came.
    pub fn take(&mut self, announced: Announced, bytes_max: usize) {
        let event = &announced.event;
        self.known = self.known.max(event.seq);
        let is_old = self.last.is_some_and(|last| event.seq <= last);
        if is_old
            || (self.ahead.len() >= AHEAD_MAX
                && self.last.is_none_or(|last| event.from > last.next()))
        {
            return;
        }
        self.ahead.insert(event.seq, announced);
        self.serve_what_follows(bytes_max);
    }

    fn serve_what_follows(&mut self, bytes_max: usize) {
        let Some(mut last) = self.last else { return };
        while let Some(announced) = self.take_what_follows(last) {
            if announced.event.seq > last {
                last = announced.event.seq;
                self.serve(&announced, bytes_max);
            }
        }
        self.last = Some(last);
    }

    /// The first that waits for nothing more. An event that stands for several may stand behind
    /// one of them.
    fn take_what_follows(&mut self, last: Seq) -> Option<Announced> {
        let mut ahead = self.ahead.iter();
        let (seq, _) = ahead.find(|(_, announced)| announced.event.from <= last.next())?;
        let seq = *seq;
        self.ahead.remove(&seq)
    }

    fn serve(&mut self, announced: &Announced, bytes_max: usize) {
        let event = &announced.event;
        let encoded = encode(&ServerMessage::Event { event: event.clone() });
        let live =
            self.members.values_mut().filter(|it| it.seen.is_some_and(|seen| seen < event.seq));
        let mut served = 0_u64;
        for member in live {
            member.outgoing.push(encoded.clone());
            member.seen = Some(event.seq);
            served += 1;
        }
        tracing::debug!(
            trace = %announced.trace, board = %event.board, seq = %event.seq, served, "event"
        );
        metrics::counter!("sockbit_events_sent_total").increment(served);
        self.keep(Kept { from: event.from, seq: event.seq, id: event.id, encoded }, bytes_max);
    }

    fn keep(&mut self, kept: Kept, bytes_max: usize) {
        self.kept_bytes += kept.encoded.len();
        self.kept.push_back(kept);
        while self.kept.len() > KEPT_MAX || self.kept_bytes > bytes_max {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.kept_bytes -= oldest.encoded.len();
        }
    }

    /// Serves a member from `seen` on, if what it misses is kept here.
    pub fn catch_up(&mut self, session: u64, seen: Seq) -> CatchUp {
        let Some(member) = self.members.get_mut(&session) else { return CatchUp::Gone };
        let last = self.last.unwrap_or_default();
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

    /// Whether a head that was read after `last_before` belongs to another history than this feed.
    pub fn contradicts(&self, last_before: Option<Seq>, head: Option<Position>) -> bool {
        let Some(last_before) = last_before else { return false };
        let Some(head) = head else { return true };
        let known = self.kept.iter().find(|kept| kept.seq == head.seq);
        head.seq < last_before || known.is_some_and(|kept| kept.id != head.event)
    }

    /// Sends every member away, to come back by its position.
    pub fn close(&mut self, reason: CloseReason) {
        for (_, member) in self.members.drain() {
            member.outgoing.close(reason);
        }
    }
}
