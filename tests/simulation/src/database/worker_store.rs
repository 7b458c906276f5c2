//! The store as one worker reaches it, over a network that can fail with or without an error.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, BoardStatusRequest, CommitResult, CompactableEvents,
    CompactionCandidate, CompactionStore, DecisionStore, EventPageRequest, LoadRequest,
    LoadedBoard, NoteHistoryPage, NotesPage, OutcomeRetention, ReadStore, Squash, StoreError,
    StoreHealth,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    ActorId, BoardId, ClientId, Event, MessageId, Note, NoteId, Position, Seq, Timestamp,
};
use tokio::time::sleep;

use super::Database;
use crate::process_lifetime::{CrashPoint, Lifetime};
use crate::random::Random;
use crate::run_context::RunContext;

/// Time until a call fails without the database.
const DEADLINE: Duration = Duration::from_secs(2);

/// One worker's connection to the database.
pub(crate) struct WorkerStore {
    pub context: Arc<RunContext>,
    pub database: Arc<Database>,
    pub lifetime: Arc<Lifetime>,
    pub random: Mutex<Random>,
    /// Whether the network between the worker and the database is cut.
    pub is_cut: Arc<AtomicBool>,
    /// Commands that were delivered to the worker again: each has to be decided alone.
    pub redelivered: Arc<Mutex<BTreeSet<(ClientId, MessageId)>>>,
}

/// What happens to a commit.
#[derive(Clone, Copy)]
enum Fate {
    Normal,
    /// It is not made, and the worker receives an error.
    Refused,
    /// It is made, and the worker receives no reply.
    Unreported,
    /// It is not made, and the worker receives no reply.
    Lost,
    /// It is made some time after the worker has given up.
    Late,
}

impl WorkerStore {
    /// The store as a process reaches it that runs beside the workers and does not crash.
    pub fn for_maintenance(
        context: &Arc<RunContext>,
        database: &Arc<Database>,
        random: Mutex<Random>,
    ) -> Self {
        Self {
            context: Arc::clone(context),
            database: Arc::clone(database),
            lifetime: Arc::default(),
            random,
            is_cut: Arc::default(),
            redelivered: Arc::default(),
        }
    }

    /// Waits until the request arrives at the database.
    async fn reach(&self) -> Result<(), StoreError> {
        self.lifetime.halt_if_ended().await;
        self.context.wait_latency(&self.random).await;
        let slow = locked(&self.random).per_mille(self.context.rates().store_slow);
        if slow {
            let pause = locked(&self.random).millis(50, 1_500);
            sleep(pause).await;
        }
        if self.is_cut.load(Ordering::Relaxed) || self.database.is_offline() {
            sleep(DEADLINE).await;
            return self.fail().await;
        }
        if locked(&self.random).per_mille(self.context.rates().store_unavailable) {
            return self.fail().await;
        }
        self.lifetime.halt_if_ended().await;
        Ok(())
    }

    async fn fail(&self) -> Result<(), StoreError> {
        self.lifetime.halt_if_ended().await;
        Err(StoreError::Unavailable("the database cannot be reached".to_owned()))
    }

    fn fate(&self) -> Fate {
        let mut random = locked(&self.random);
        if !random.per_mille(self.context.rates().commit_unknown) {
            return Fate::Normal;
        }
        random.pick(&[Fate::Refused, Fate::Unreported, Fate::Lost, Fate::Late], Fate::Normal)
    }

    fn carry_out<T>(&self, write: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
        let unknown = StoreError::Unknown("the connection was lost".to_owned());
        match self.fate() {
            Fate::Normal => Ok(write()),
            Fate::Refused => {
                Err(StoreError::Unavailable("the database refuses the write".to_owned()))
            }
            Fate::Unreported => {
                write();
                Err(unknown)
            }
            Fate::Lost => Err(unknown),
            Fate::Late => {
                let pause = locked(&self.random).millis(10, 2_500);
                tokio::spawn(async move {
                    sleep(pause).await;
                    write();
                });
                Err(unknown)
            }
        }
    }

    /// A command that may have crashed a worker must not be decided together with others.
    fn check_redelivered_alone(&self, messages: &[(ClientId, MessageId)]) {
        let again = locked(&self.redelivered);
        let others = messages.len().saturating_sub(1);
        if let Some((_, message)) = messages.iter().find(|it| others > 0 && again.contains(it)) {
            self.context
                .fault(format!("{message} was redelivered and is decided with {others} others"));
        }
    }
}

#[async_trait]
impl DecisionStore for WorkerStore {
    async fn load(&self, wanted: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let messages = wanted.iter().flat_map(|it| it.messages.iter().copied());
        self.check_redelivered_alone(&messages.collect::<Vec<_>>());
        self.reach().await?;
        let mut loaded = self.database.store().load(wanted).await?;
        for board in loaded.iter_mut().filter_map(|it| it.board.as_mut()) {
            let id = board.id;
            board.bases.retain(|seq, _| !self.database.is_forgotten(id, *seq));
        }
        Ok(loaded)
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        let outcomes = changes.iter().flat_map(|it| &it.outcomes);
        let messages = outcomes.map(|it| (it.client, it.message));
        self.check_redelivered_alone(&messages.collect::<Vec<_>>());
        self.lifetime.pass(CrashPoint::BeforeCommit).await;
        self.reach().await?;
        let (database, changes) = (Arc::clone(&self.database), changes.to_vec());
        let result = self.carry_out(move || database.commit(&changes));
        self.lifetime.pass(CrashPoint::Committed).await;
        self.context.wait_latency(&self.random).await;
        self.lifetime.halt_if_ended().await;
        result
    }
}

#[async_trait]
impl ReadStore for WorkerStore {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        self.reach().await?;
        self.database.store().boards_of(actor, max).await
    }

    async fn board_statuses(
        &self,
        requests: &[BoardStatusRequest],
    ) -> Result<Vec<Option<BoardStatus>>, StoreError> {
        self.reach().await?;
        let mut statuses = self.database.store().board_statuses(requests).await?;
        for (BoardStatusRequest { board, position, .. }, status) in
            requests.iter().zip(&mut statuses)
        {
            let is_forgotten = position.is_some_and(|it| self.database.is_forgotten(*board, it));
            if let Some(status) = status {
                status.event_at = status.event_at.filter(|_| !is_forgotten);
            }
        }
        Ok(statuses)
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError> {
        self.reach().await?;
        let bytes_max = bytes_max.min(self.context.parameters.page_bytes);
        self.database.store().notes(board, after, bytes_max).await
    }

    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError> {
        self.reach().await?;
        self.database.store().note(board, note).await
    }

    async fn event_pages(
        &self,
        requests: &[EventPageRequest],
        bytes_max: usize,
    ) -> Result<Vec<Vec<Event>>, StoreError> {
        self.reach().await?;
        let bytes_max = bytes_max.min(self.context.parameters.page_bytes);
        self.database.store().event_pages(requests, bytes_max).await
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        self.reach().await?;
        self.database.store().heads(boards).await
    }

    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError> {
        self.reach().await?;
        self.database.store().note_events(board, note, before, max).await
    }
}

#[async_trait]
impl CompactionStore for WorkerStore {
    async fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
        max: u32,
    ) -> Result<Vec<CompactionCandidate>, StoreError> {
        self.reach().await?;
        self.database.store().compaction_candidates(before, after, max).await
    }

    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError> {
        self.reach().await?;
        self.database.store().compactable_events(board, after, before, max, bytes_max).await
    }

    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        self.reach().await?;
        let (database, squash) = (Arc::clone(&self.database), squash.clone());
        let result = self.carry_out(move || database.squash(&squash));
        self.context.wait_latency(&self.random).await;
        result
    }
}

#[async_trait]
impl OutcomeRetention for WorkerStore {
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        self.reach().await?;
        Ok(self.database.delete_outcomes_before(before, max))
    }
}

#[async_trait]
impl StoreHealth for WorkerStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.reach().await
    }
}
