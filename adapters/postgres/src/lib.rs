//! The store in a PostgreSQL database, which any number of workers share. No commit is answered
//! before it is on the server's disk.

mod bulk_writes;
mod column_values;
mod commit;
mod compaction;
mod connections;
mod error_mapping;
mod load;
mod open;
mod open_error;
mod outcome_retention;
mod queries;
mod rows;
mod server_settings;

use async_trait::async_trait;
use futures::future::BoxFuture;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, CommitResult, CompactableEvents, CompactionCandidate,
    CompactionStore, DecisionStore, LoadRequest, LoadedBoard, NoteHistoryPage, NotesPage,
    OutcomeRetention, ReadStore, Squash, StoreError, StoreHealth,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Event, Note, NoteId, Position, Seq, Timestamp};
use sqlx::{Connection, PgConnection};

use self::connections::Connections;
use self::error_mapping::unavailable;

pub use self::open_error::OpenError;

/// One moment to read in, however many statements that takes.
const ONE_MOMENT: &str = "begin isolation level repeatable read read only";

/// Everything in one database. Every call has a deadline, and takes a connection with it that was
/// not heard of by then.
pub struct PostgresStore {
    connections: Connections,
}

impl PostgresStore {
    /// How many work queues all processes on this database use: the first to ask fixes it.
    pub async fn fix_work_queues(&self, wanted: u16) -> Result<u16, StoreError> {
        self.call(|it| Box::pin(server_settings::work_queues(it, wanted))).await
    }

    /// Closes all connections. From here on every call is refused.
    pub async fn close(&self) {
        self.connections.close().await;
    }

    async fn call<T>(
        &self,
        call: impl for<'a> FnOnce(&'a mut PgConnection) -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let calling = async {
            let mut lease = self.connections.lease().await?;
            let answer = call(lease.connection()).await?;
            lease.give_back();
            Ok(answer)
        };
        self.connections.deadline().holds(StoreError::Unavailable, calling).await
    }

    /// Like [`PostgresStore::call`], for what reads more than once and wants one truth.
    async fn read<T>(
        &self,
        call: impl for<'a> FnOnce(&'a mut PgConnection) -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let reading = async {
            let mut lease = self.connections.lease().await?;
            let mut moment =
                lease.connection().begin_with(ONE_MOMENT).await.map_err(unavailable)?;
            let answer = call(&mut moment).await?;
            moment.commit().await.map_err(unavailable)?;
            lease.give_back();
            Ok(answer)
        };
        self.connections.deadline().holds(StoreError::Unavailable, reading).await
    }
}

#[async_trait]
impl DecisionStore for PostgresStore {
    async fn load(&self, wanted: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let loading = async {
            let mut lease = self.connections.lease().await?;
            let mut moment =
                lease.connection().begin_with(ONE_MOMENT).await.map_err(unavailable)?;
            let loaded = load::boards(&mut moment, wanted).await?;
            moment.commit().await.map_err(unavailable)?;
            lease.give_back();
            Ok(loaded)
        };
        self.connections.deadline().holds(StoreError::Unavailable, loading).await
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        let deadline = self.connections.deadline();
        let writing = async {
            let mut lease = self.connections.lease().await?;
            let verdicts = commit::begin(lease.connection(), changes).await?;
            Ok((lease, verdicts))
        };
        let (mut lease, verdicts) = deadline.holds(StoreError::Unavailable, writing).await?;
        deadline.holds(StoreError::Unknown, commit::end(lease.connection())).await?;
        lease.give_back();
        Ok(verdicts)
    }
}

#[async_trait]
impl ReadStore for PostgresStore {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        self.call(|it| Box::pin(queries::boards_of(it, actor, max))).await
    }

    async fn board_status(
        &self,
        board: BoardId,
        actor: ActorId,
        position: Option<Seq>,
    ) -> Result<Option<BoardStatus>, StoreError> {
        self.call(|it| Box::pin(queries::board_status(it, board, actor, position))).await
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError> {
        self.read(|it| Box::pin(queries::notes(it, board, after, bytes_max))).await
    }

    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError> {
        self.read(|it| Box::pin(queries::note(it, board, note))).await
    }

    async fn events(
        &self,
        board: BoardId,
        after: Seq,
        bytes_max: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.call(|it| Box::pin(queries::events(it, board, after, bytes_max))).await
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        let boards = boards.iter().map(|it| it.0).collect();
        self.call(|it| Box::pin(queries::heads(it, boards))).await
    }

    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError> {
        self.read(|it| Box::pin(queries::note_events(it, board, note, before, max))).await
    }
}

#[async_trait]
impl CompactionStore for PostgresStore {
    async fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
        max: u32,
    ) -> Result<Vec<CompactionCandidate>, StoreError> {
        self.call(|it| Box::pin(compaction::compaction_candidates(it, before, after, max))).await
    }

    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError> {
        self.call(|it| {
            Box::pin(compaction::compactable_events(it, board, after, before, max, bytes_max))
        })
        .await
    }

    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        let deadline = self.connections.deadline();
        let writing = async {
            let mut lease = self.connections.lease().await?;
            let verdict = compaction::begin(lease.connection(), squash).await?;
            Ok((lease, verdict))
        };
        let (mut lease, verdict) = deadline.holds(StoreError::Unavailable, writing).await?;
        if verdict == CommitResult::Done {
            deadline.holds(StoreError::Unknown, commit::end(lease.connection())).await?;
        }
        lease.give_back();
        Ok(verdict)
    }
}

#[async_trait]
impl OutcomeRetention for PostgresStore {
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        let forgetting = async {
            let mut lease = self.connections.lease().await?;
            let forgotten =
                outcome_retention::delete_before(lease.connection(), before, max).await?;
            lease.give_back();
            Ok(forgotten)
        };
        self.connections.deadline().holds(StoreError::Unknown, forgetting).await
    }
}

#[async_trait]
impl StoreHealth for PostgresStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.call(|it| Box::pin(server_settings::check(it))).await
    }
}
