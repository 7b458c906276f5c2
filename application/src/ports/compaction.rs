//! What a store gives compaction, and takes from it.

use sockbit_domain::{BoardId, Delta, Event, Run, Seq, Timestamp};

use super::PageBudget;

/// A board on which something happened that compaction has not seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CompactionCandidate {
    /// When the first of it happened, or a little later; never later than the board's last event.
    pub since: Timestamp,
    /// Which board.
    pub board: BoardId,
    /// Nothing up to here can be squashed any more.
    pub settled: Seq,
}

/// The events of a log from some number on that are old enough.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CompactableEvents {
    /// In order, each with its inverse where it is an edit.
    pub events: Vec<(Event, Option<Delta>)>,
    /// Whether more that are as old come after these.
    pub more: bool,
}

/// What becomes of a part of one board's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Squash {
    /// Which board.
    pub board: BoardId,
    /// What was settled when the part was read.
    pub expected: Seq,
    /// In order; each takes the place of what it was made of.
    pub runs: Vec<Run>,
    /// Up to here compaction has seen the log.
    pub seen: Seq,
    /// Up to here nothing can be squashed any more.
    pub settled: Seq,
}

/// Gathers [`CompactableEvents`] while a log is read in order.
#[derive(Debug)]
pub struct CompactableEventsBuilder {
    budget: PageBudget,
    events_max: usize,
    page: CompactableEvents,
}

impl CompactableEventsBuilder {
    /// An empty page for at most so many events, and so many bytes of JSON.
    #[must_use]
    pub fn new(max: u32, bytes_max: usize) -> Self {
        Self {
            budget: PageBudget::new(bytes_max),
            events_max: max as usize,
            page: CompactableEvents::default(),
        }
    }

    /// Takes in the next event of the log, if it is old and there is room. The page ends with the
    /// first that is not taken.
    pub fn takes(&mut self, is_old: bool, logged: (Event, Option<Delta>)) -> bool {
        if !is_old {
            return false;
        }
        let has_room = self.page.events.len() < self.events_max && self.budget.takes(&logged);
        if has_room {
            self.page.events.push(logged);
        }
        self.page.more = !has_room;
        has_room
    }

    /// What was taken in.
    #[must_use]
    pub fn finish(self) -> CompactableEvents {
        self.page
    }
}
