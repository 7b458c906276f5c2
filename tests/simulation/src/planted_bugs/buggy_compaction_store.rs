//! Compaction that loses an edit, or the outcomes of the commands that it squashes.

use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::ports::{
    CommitResult, CompactableEvents, CompactionCandidate, CompactionStore, Squash, StoreError,
};
use sockbit_domain::{BoardId, Delta, Event, Run, Seq, Timestamp};

use crate::database::{Database, now_or_panic};
use crate::planted_bugs::PlantedBug;
use crate::run_context::RunContext;
use sockbit_application::mutex::locked;

pub(super) struct BuggyCompactionStore {
    pub context: Arc<RunContext>,
    pub inner: Arc<dyn CompactionStore>,
    pub database: Arc<Database>,
}

impl BuggyCompactionStore {
    /// The events that a run replaces.
    fn replaced_events(&self, run: &Run) -> Vec<(Event, Option<Delta>)> {
        let (after, later) = (Seq(run.event.from.0.saturating_sub(1)), Timestamp(i64::MAX));
        let store = self.database.store();
        let old = now_or_panic(store.compactable_events(
            run.event.board,
            after,
            later,
            u32::MAX,
            usize::MAX,
        ));
        let mut old = old.map(|it| it.events).unwrap_or_default();
        old.retain(|(event, _)| event.seq <= run.event.seq);
        old
    }

    /// The squash without the first edit of each run.
    fn without_first_edits(&self, squash: &Squash) -> Squash {
        let mut lossy = squash.clone();
        for run in &mut lossy.runs {
            let rest: Vec<_> = self.replaced_events(run).into_iter().skip(1).collect();
            let squashed = sockbit_domain::squash(&rest).runs.pop().map(|it| it.event);
            let last = squashed.or_else(|| rest.last().map(|(event, _)| event.clone()));
            run.event.change = last.map_or_else(|| run.event.change.clone(), |it| it.change);
        }
        lossy
    }

    async fn squash_and_drop_outcomes(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        let replaced: Vec<_> = squash.runs.iter().flat_map(|it| self.replaced_events(it)).collect();
        let result = self.inner.squash(squash).await?;
        let messages = replaced.into_iter().map(|(event, _)| event.message);
        locked(&self.context.bug_state.compacted_away).extend(messages);
        Ok(result)
    }
}

#[async_trait]
impl CompactionStore for BuggyCompactionStore {
    async fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
        max: u32,
    ) -> Result<Vec<CompactionCandidate>, StoreError> {
        self.inner.compaction_candidates(before, after, max).await
    }

    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError> {
        self.inner.compactable_events(board, after, before, max, bytes_max).await
    }

    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        match self.context.bug {
            PlantedBug::CompactionDropsFirstEdit => {
                self.inner.squash(&self.without_first_edits(squash)).await
            }
            _ => self.squash_and_drop_outcomes(squash).await,
        }
    }
}
