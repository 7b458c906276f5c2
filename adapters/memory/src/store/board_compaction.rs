//! Compaction of one board's log: its progress, and the replacement of events by runs.

use std::cell::LazyCell;

use sockbit_application::ports::{
    CommitResult, CompactableEvents, CompactableEventsBuilder, CompactionCandidate, Squash,
};
use sockbit_domain::{Fact, Position, Run, Seq, Timestamp};

use super::board_record::{BoardRecord, CompactionProgress};

impl BoardRecord {
    pub fn compaction_candidate(&self) -> Option<CompactionCandidate> {
        let CompactionProgress { settled, unseen_since } = self.compaction;
        unseen_since.map(|since| CompactionCandidate { since, board: self.id(), settled })
    }

    pub fn compactable_events(
        &self,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> CompactableEvents {
        let mut page = CompactableEventsBuilder::new(max, bytes_max);
        let last_old = LazyCell::new(|| {
            self.log.values().map(|it| &it.fact.event).rfind(|it| it.at < before).map(|it| it.seq)
        });
        for logged in self.log_after(after) {
            let Fact { event, inverse, .. } = &logged.fact;
            let is_clock_ahead = event.at > self.changed_at;
            let is_old = event.at < before || (is_clock_ahead && Some(event.seq) < *last_old);
            if !page.try_add(is_old, (event.clone(), inverse.clone())) {
                break;
            }
        }
        page.finish()
    }

    /// All or nothing: every run is checked before the first is written.
    pub fn squash(&mut self, squash: &Squash) -> CommitResult {
        let is_current = squash.expected == self.compaction.settled
            && squash.runs.iter().all(|run| run.is_made_of(&self.replaceable(run)));
        if !is_current {
            return CommitResult::Conflict;
        }
        squash.runs.iter().for_each(|run| self.replace(run));
        let unseen = self.log_after(squash.seen).next();
        let unseen_since = unseen.map(|it| it.fact.event.at.min(self.changed_at));
        self.compaction = CompactionProgress { settled: squash.settled, unseen_since };
        CommitResult::Done
    }

    /// The events that the run replaces, as far as the log has them: their first numbers and their
    /// positions.
    fn replaceable(&self, run: &Run) -> Vec<(Seq, Position)> {
        let logged = run.replaced.iter().filter_map(|it| self.log.get(&it.seq));
        logged.map(|it| (it.fact.event.from, it.fact.event.position())).collect()
    }

    fn replace(&mut self, run: &Run) {
        let Some((last, others)) = run.replaced.split_last() else { return };
        for position in others {
            self.log.remove(&position.seq);
            if let Some(numbers) = run.event.change.note().and_then(|it| self.note_log.get_mut(&it))
            {
                numbers.remove(&position.seq);
            }
        }
        if let Some(logged) = self.log.get_mut(&last.seq) {
            let (event, inverse) = (run.event.clone(), Some(run.inverse.clone()));
            logged.fact = Fact { event, inverse, key: None };
        }
    }
}
