//! The members of a feed, and the events that they have yet to be sent.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sockbit_domain::Seq;

use super::close_reason::CloseReason;
use super::encoded_event::EncodedEvent;
use super::outgoing_queue::OutgoingQueue;

/// Members that are sent events in one turn. A runtime runs about as many tasks before it looks for
/// I/O, so that the tasks of one turn do not delay others.
pub(super) const MEMBERS_PER_TURN: usize = 64;

/// Sends events to the members of a feed in passes over all members, in turns of a bounded number.
///
/// Events may be added during a pass. Each member is sent all events that it has not been sent yet,
/// together, so the more is announced, the fewer wakes and writes each event costs.
#[derive(Default)]
pub(super) struct FeedMembers {
    /// By session number, so that a simulated run can be repeated.
    members: BTreeMap<u64, Member>,
    /// Events that some live members have yet to be sent.
    pending: VecDeque<Arc<EncodedEvent>>,
    pending_bytes: usize,
    pass: Option<Pass>,
}

struct Member {
    outgoing: Arc<OutgoingQueue>,
    /// The last event that was sent to a live member; `None` while the member catches up.
    sent: Option<Seq>,
}

struct Pass {
    /// The session number from which it continues.
    next: u64,
    /// The last event that was pending when it started. At its end all members have been sent it.
    last: Seq,
}

/// Why [`FeedMembers::send_pending`] stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SendResult {
    /// All members have been sent all events.
    Complete,
    /// Members are left for the next turn.
    TurnComplete,
    /// The queue of a member should drain before more is sent.
    MustYield,
}

impl FeedMembers {
    pub fn add(&mut self, session: u64, outgoing: Arc<OutgoingQueue>) {
        self.members.insert(session, Member { outgoing, sent: None });
    }

    pub fn remove(&mut self, session: u64) {
        self.members.remove(&session);
    }

    pub fn contains(&self, session: u64) -> bool {
        self.members.contains_key(&session)
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Sends a member these events, and makes it live: it has all events up to `sent`.
    pub fn make_live<'a>(
        &mut self,
        session: u64,
        events: impl Iterator<Item = &'a Arc<EncodedEvent>>,
        sent: Seq,
    ) {
        if let Some(member) = self.members.get_mut(&session) {
            member.outgoing.push_all(events.map(|event| &event.encoded));
            member.sent = Some(sent);
        }
    }

    /// Adds an event. [`Self::send_pending`] sends it.
    pub fn add_pending(&mut self, event: Arc<EncodedEvent>) {
        self.pending_bytes += event.bytes();
        self.pending.push_back(event);
    }

    /// The number of the pending events, and their bytes.
    pub fn pending(&self) -> (usize, usize) {
        (self.pending.len(), self.pending_bytes)
    }

    /// Sends pending events to the members of one turn.
    pub fn send_pending(&mut self) -> SendResult {
        let mut left = MEMBERS_PER_TURN;
        let mut events_sent = 0_u64;
        let mut must_yield = false;
        while let Some(last) = self.pending.back().map(|event| event.seq)
            && left > 0
        {
            let pass = self.pass.get_or_insert(Pass { next: 0, last });
            let mut is_complete = true;
            for (number, member) in self.members.range_mut(pass.next..) {
                if left == 0 {
                    pass.next = *number;
                    is_complete = false;
                    break;
                }
                let Some(sent) = member.sent.filter(|sent| *sent < last) else { continue };
                let start = self.pending.partition_point(|event| event.seq <= sent);
                let events = self.pending.range(start..);
                events_sent += events.len() as u64;
                member.outgoing.push_all(events.map(|event| &event.encoded));
                // Called for every member: one yield serves all queues that are over the mark.
                must_yield |= member.outgoing.must_yield();
                member.sent = Some(last);
                left -= 1;
            }
            if is_complete {
                self.complete_pass();
            }
        }
        metrics::counter!("sockbit_events_sent_total").increment(events_sent);
        match (must_yield, self.pending.is_empty()) {
            (true, _) => SendResult::MustYield,
            (false, true) => SendResult::Complete,
            (false, false) => SendResult::TurnComplete,
        }
    }

    /// Removes the events that all members have been sent.
    fn complete_pass(&mut self) {
        let Some(pass) = self.pass.take() else { return };
        while let Some(event) = self.pending.pop_front_if(|event| event.seq <= pass.last) {
            self.pending_bytes -= event.bytes();
        }
    }

    /// The queue of a live member that is over its high-water mark.
    pub fn queue_over_high_water_mark(&self) -> Option<Arc<OutgoingQueue>> {
        let mut live = self.members.values().filter(|it| it.sent.is_some());
        let over = live.find(|it| it.outgoing.is_over_high_water_mark());
        over.map(|it| Arc::clone(&it.outgoing))
    }

    /// Closes the connections of all members. They resume by position.
    pub fn close_all(&mut self, reason: CloseReason) {
        for member in std::mem::take(&mut self.members).into_values() {
            member.outgoing.close(reason);
        }
    }
}
