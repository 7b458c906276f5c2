//! What compaction reads from a store and writes to it.

use async_trait::async_trait;
use sockbit_domain::{BoardId, Delta, Event, Run, Seq, Timestamp};

use super::{CommitResult, StoreError};
use crate::page_budget::PageBudget;

/// The logs of boards, as compaction needs them.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait CompactionStore: Send + Sync {
    /// Boards with events before a time that compaction has not seen, oldest first, following
    /// `after` in that order; at most `max`.
    ///
    /// An event whose time is later than that of the board's next event (some clock was ahead)
    /// counts with the time of that next event.
    async fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
        max: u32,
    ) -> Result<Vec<CompactionCandidate>, StoreError>;

    /// A board's events after `after` up to the first that is not old, with their inverses: at most
    /// `max`, and at most `bytes_max` bytes of JSON, but at least one if there is one.
    ///
    /// An event is old if its time is before `before`. An event whose time is later than that of
    /// the board's last event is old as well if an old event follows it: some clock was ahead, and
    /// waiting for that time would delay everything behind it.
    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError>;

    /// Replaces events by the runs that were made of them, all or none, and stores compaction's
    /// progress. It is a conflict if the progress is no longer `expected`, or if one of the events
    /// has changed.
    ///
    /// Only the log changes. Concurrent commits are not blocked for longer than one row update.
    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError>;
}

/// A board with events that compaction has not seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CompactionCandidate {
    /// The time of the first unseen event, or a little later; never later than that of the board's
    /// last event.
    pub since: Timestamp,
    /// The board.
    pub board: BoardId,
    /// Compaction of events up to this number is final.
    pub settled: Seq,
}

/// Consecutive events of a log that are old enough to be compacted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CompactableEvents {
    /// In order; edits come with their inverses.
    pub events: Vec<(Event, Option<Delta>)>,
    /// Whether more old events follow.
    pub more: bool,
}

/// One step of compaction on one board's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Squash {
    /// The board.
    pub board: BoardId,
    /// The value of `settled` when the events were read.
    pub expected: Seq,
    /// In order; each replaces the events that it was made of.
    pub runs: Vec<Run>,
    /// The last event that compaction has seen.
    pub seen: Seq,
    /// Compaction of events up to this number is final after this step.
    pub settled: Seq,
}

/// Builds [`CompactableEvents`] from a log that is read in order.
#[derive(Debug)]
pub struct CompactableEventsBuilder {
    budget: PageBudget,
    events_max: usize,
    page: CompactableEvents,
}

impl CompactableEventsBuilder {
    /// An empty page of at most `max` events and `bytes_max` bytes of JSON.
    #[must_use]
    pub fn new(max: u32, bytes_max: usize) -> Self {
        Self {
            budget: PageBudget::new(bytes_max),
            events_max: max as usize,
            page: CompactableEvents::default(),
        }
    }

    /// Adds the next event of the log if it is old and fits. After the first that is not added the
    /// page is complete.
    pub fn try_add(&mut self, is_old: bool, logged: (Event, Option<Delta>)) -> bool {
        if !is_old {
            return false;
        }
        let fits = self.page.events.len() < self.events_max && self.budget.try_add(&logged);
        if fits {
            self.page.events.push(logged);
        }
        self.page.more = !fits;
        fits
    }

    /// The page.
    #[must_use]
    pub fn finish(self) -> CompactableEvents {
        self.page
    }
}
