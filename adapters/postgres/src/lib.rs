//! The store in a PostgreSQL database, which any number of workers share. A commit is acknowledged
//! once it is on the server's disk.

mod commit;
mod compaction;
mod connection_pool;
mod error_mapping;
mod load;
mod open;
mod open_error;
mod outcome_retention;
mod queries;
mod request_arrays;
mod rows;
mod server_settings;

use async_trait::async_trait;
use futures::future::BoxFuture;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, BoardStatusRequest, CommitResult, CompactableEvents,
    CompactionCandidate, CompactionStore, DecisionStore, EventPageRequest, LoadRequest,
    LoadedBoard, NoteHistoryPage, NotesPage, OutcomeRetention, ReadStore, Squash, StoreError,
    StoreHealth,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Event, Note, NoteId, Position, Seq, Timestamp};
use sqlx::{Connection, PgConnection};

use self::connection_pool::ConnectionPool;
use self::error_mapping::unavailable;

pub use self::open_error::OpenError;

/// Starts a transaction whose statements all read from one snapshot.
const BEGIN_SNAPSHOT: &str = "begin isolation level repeatable read read only";

/// The store in one database. Every call has a deadline, after which its connection is closed.
pub struct PostgresStore {
    pool: ConnectionPool,
}

impl PostgresStore {
    /// Stores the number of work queues of all processes on this database, unless it is stored
    /// already. Returns the stored number.
    pub async fn fix_work_queues(&self, work_queues: u16) -> Result<u16, StoreError> {
        self.call(|it| Box::pin(server_settings::work_queues(it, work_queues))).await
    }

    /// Closes all connections. All later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn call<T>(
        &self,
        call: impl for<'a> FnOnce(&'a mut PgConnection) -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let calling = async {
            let mut lease = self.pool.lease().await?;
            let result = call(lease.connection()).await?;
            lease.release();
            Ok(result)
        };
        self.pool.deadline().limit(StoreError::Unavailable, calling).await
    }

    /// Like [`PostgresStore::call`], for several statements that read from one snapshot.
    async fn read<T>(
        &self,
        call: impl for<'a> FnOnce(&'a mut PgConnection) -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let reading = async {
            let mut lease = self.pool.lease().await?;
            let mut snapshot =
                lease.connection().begin_with(BEGIN_SNAPSHOT).await.map_err(unavailable)?;
            let result = call(&mut snapshot).await?;
            snapshot.commit().await.map_err(unavailable)?;
            lease.release();
            Ok(result)
        };
        self.pool.deadline().limit(StoreError::Unavailable, reading).await
    }
}

#[async_trait]
impl DecisionStore for PostgresStore {
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let loading = async {
            let mut lease = self.pool.lease().await?;
            let loaded = load::boards(lease.connection(), requests).await?;
            lease.release();
            Ok(loaded)
        };
        self.pool.deadline().limit(StoreError::Unavailable, loading).await
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        commit::boards(&self.pool, changes).await
    }
}

#[async_trait]
impl ReadStore for PostgresStore {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        self.call(|it| Box::pin(queries::boards_of(it, actor, max))).await
    }

    async fn board_statuses(
        &self,
        requests: &[BoardStatusRequest],
    ) -> Result<Vec<Option<BoardStatus>>, StoreError> {
        let requests = requests.to_vec();
        self.call(|it| Box::pin(queries::board_statuses(it, requests))).await
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

    async fn event_pages(
        &self,
        requests: &[EventPageRequest],
        bytes_max: usize,
    ) -> Result<Vec<Vec<Event>>, StoreError> {
        let requests = requests.to_vec();
        self.call(|it| Box::pin(queries::event_pages(it, requests, bytes_max))).await
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
        let deadline = self.pool.deadline();
        let writing = async {
            let mut lease = self.pool.lease().await?;
            let result = compaction::write(lease.connection(), squash).await?;
            Ok((lease, result))
        };
        let (mut lease, result) = deadline.limit(StoreError::Unavailable, writing).await?;
        if result == CommitResult::Done {
            deadline.limit(StoreError::Unknown, compaction::commit(lease.connection())).await?;
        }
        lease.release();
        Ok(result)
    }
}

#[async_trait]
impl OutcomeRetention for PostgresStore {
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        let deleting = async {
            let mut lease = self.pool.lease().await?;
            let deleted = outcome_retention::delete_before(lease.connection(), before, max).await?;
            lease.release();
            Ok(deleted)
        };
        self.pool.deadline().limit(StoreError::Unknown, deleting).await
    }
}

#[async_trait]
impl StoreHealth for PostgresStore {
    async fn check(&self) -> Result<(), StoreError> {
        self.call(|it| Box::pin(server_settings::check(it))).await
    }
}
