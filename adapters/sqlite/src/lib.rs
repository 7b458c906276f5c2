//! The store in an SQLite database, for one process with one writer. A commit is acknowledged once
//! it is on disk.

mod commit;
mod compaction;
mod connection_settings;
mod error_mapping;
mod load;
mod open;
mod open_error;
mod outcome_retention;
mod queries;
mod rows;
#[cfg(test)]
mod tests;
mod write_connection;

use std::fs::File;
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, CommitResult, CompactableEvents, CompactionCandidate,
    CompactionStore, DecisionStore, LoadRequest, LoadedBoard, NoteHistoryPage, NotesPage,
    OutcomeRetention, ReadStore, Squash, StoreError, StoreHealth,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Event, Note, NoteId, Position, Seq, Timestamp};
use sqlx::{SqlitePool, SqliteTransaction};
use tokio::time::timeout;

use self::error_mapping::unavailable;
use self::write_connection::WriteConnection;

pub use self::open_error::OpenError;

/// The deadline of a call. It is longer than SQLite waits for a lock, so only a disk that hangs
/// reaches it. The connection of a write that timed out is not used again.
const DEADLINE: Duration = Duration::from_secs(10);

/// Random bytes, since a file system may store zeros without allocating space for them.
const FILL: &str = "insert or replace into room (id, filler) values (1, randomblob(65536))";

/// The store in one database file, which no other process can open meanwhile.
pub struct SqliteStore {
    writer: WriteConnection,
    readers: SqlitePool,
    /// Locked as long as the store is open.
    lock: File,
}

impl SqliteStore {
    /// Waits for calls in progress, and unlocks the file. All later calls fail.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        // If this fails, dropping the store unlocks the file.
        let _ = self.lock.unlock();
    }

    /// A transaction that reads from one snapshot. It writes nothing, so it need not be committed.
    async fn snapshot(&self) -> Result<SqliteTransaction<'static>, StoreError> {
        self.readers.begin().await.map_err(unavailable)
    }
}

/// The result of a call, or an error at its deadline.
async fn in_time<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(DEADLINE, call).await.unwrap_or_else(|_| Err(StoreError::Unavailable(too_long())))
}

fn too_long() -> String {
    format!("the disk took longer than {} s", DEADLINE.as_secs())
}

#[async_trait]
impl DecisionStore for SqliteStore {
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        in_time(async {
            let mut snapshot = self.snapshot().await?;
            let mut loaded = Vec::with_capacity(requests.len());
            for request in requests {
                loaded.push(load::board(&mut snapshot, request).await?);
            }
            Ok(loaded)
        })
        .await
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        let committing = async {
            let mut lease = self.writer.lease().await?;
            let results = commit::boards(lease.connection(), changes).await?;
            lease.release();
            Ok(results)
        };
        timeout(DEADLINE, committing).await.unwrap_or_else(|_| Err(StoreError::Unknown(too_long())))
    }
}

#[async_trait]
impl ReadStore for SqliteStore {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        in_time(queries::boards_of(&self.readers, actor, max)).await
    }

    async fn board_status(
        &self,
        board: BoardId,
        actor: ActorId,
        position: Option<Seq>,
    ) -> Result<Option<BoardStatus>, StoreError> {
        in_time(queries::board_status(&self.readers, board, actor, position)).await
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError> {
        in_time(async {
            queries::notes(&mut *self.snapshot().await?, board, after, bytes_max).await
        })
        .await
    }

    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError> {
        in_time(async { queries::note(&mut *self.snapshot().await?, board, note).await }).await
    }

    async fn events(
        &self,
        board: BoardId,
        after: Seq,
        bytes_max: usize,
    ) -> Result<Vec<Event>, StoreError> {
        in_time(queries::events(&self.readers, board, after, bytes_max)).await
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        in_time(queries::heads(&self.readers, boards)).await
    }

    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError> {
        in_time(async {
            queries::note_events(&mut *self.snapshot().await?, board, note, before, max).await
        })
        .await
    }
}

#[async_trait]
impl CompactionStore for SqliteStore {
    async fn compaction_candidates(
        &self,
        before: Timestamp,
        after: Option<CompactionCandidate>,
        max: u32,
    ) -> Result<Vec<CompactionCandidate>, StoreError> {
        in_time(compaction::compaction_candidates(&self.readers, before, after, max)).await
    }

    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError> {
        in_time(compaction::compactable_events(&self.readers, board, after, before, max, bytes_max))
            .await
    }

    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        let squashing = async {
            let mut lease = self.writer.lease().await?;
            let result = compaction::squash(lease.connection(), squash).await?;
            lease.release();
            Ok(result)
        };
        timeout(DEADLINE, squashing).await.unwrap_or_else(|_| Err(StoreError::Unknown(too_long())))
    }
}

#[async_trait]
impl OutcomeRetention for SqliteStore {
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        let deleting = async {
            let mut lease = self.writer.lease().await?;
            let deleted = outcome_retention::delete_before(lease.connection(), before, max).await?;
            lease.release();
            Ok(deleted)
        };
        timeout(DEADLINE, deleting).await.unwrap_or_else(|_| Err(StoreError::Unknown(too_long())))
    }
}

#[async_trait]
impl StoreHealth for SqliteStore {
    /// Writes as many bytes as a long note has, and deletes them again. It fails if the disk is full,
    /// read-only or gone. The next check overwrites what a failed one left.
    async fn check(&self) -> Result<(), StoreError> {
        in_time(async {
            let mut lease = self.writer.lease().await?;
            for statement in [FILL, "delete from room"] {
                sqlx::query(statement).execute(lease.connection()).await.map_err(unavailable)?;
            }
            lease.release();
            Ok(())
        })
        .await
    }
}
