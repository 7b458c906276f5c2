//! The store in an SQLite database, for one process with one writer. A commit is acknowledged once
//! it is on disk.

mod commit;
mod compaction;
mod connection_settings;
mod encoded_changes;
mod error_mapping;
mod group_commit;
mod load;
mod migrations;
mod open;
mod open_error;
mod outcome_retention;
mod queries;
mod readers;
mod rows;
#[cfg(test)]
mod tests;
mod write_connection;
mod writer;

use std::fs::File;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, BoardStatusRequest, CommitResult, CompactableEvents,
    CompactionCandidate, CompactionStore, DecisionStore, EventPageRequest, LoadRequest,
    LoadedBoard, NoteHistoryPage, NotesPage, OutcomeRetention, ReadStore, Squash, StoreError,
    StoreHealth,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Event, Note, NoteId, Position, Seq, Timestamp};
use tokio::time::timeout;

use self::encoded_changes::EncodedChanges;
use self::error_mapping::{ReadError, unavailable};
use self::readers::Readers;
use self::writer::Writer;

pub use self::open_error::OpenError;

/// The deadline of a call. It is longer than SQLite waits for a lock, so only a disk that hangs
/// reaches it. A write that timed out is made when the disk continues.
const DEADLINE: Duration = Duration::from_secs(10);

/// Random bytes, since a file system may store zeros without allocating space for them.
const FILL: &str = "insert or replace into room (id, filler) values (1, randomblob(65536))";

/// The store in one database file, which no other process can open meanwhile.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
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

    /// Reads from one snapshot, until the deadline.
    async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reading = timeout(DEADLINE, self.readers.read(call));
        reading.await.unwrap_or_else(|_| Err(StoreError::Unavailable(too_long())))
    }
}

/// The result of a write, which is unknown after its deadline.
async fn written<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(DEADLINE, call).await.unwrap_or_else(|_| Err(StoreError::Unknown(too_long())))
}

fn too_long() -> String {
    format!("the disk took longer than {} s", DEADLINE.as_secs())
}

#[async_trait]
impl DecisionStore for SqliteStore {
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        let requests = requests.to_vec();
        self.read(move |it| requests.iter().map(|request| load::board(it, request)).collect()).await
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        let boards = changes.iter().map(EncodedChanges::encode).collect::<Result<_, _>>()?;
        written(self.writer.commit(boards)).await
    }
}

#[async_trait]
impl ReadStore for SqliteStore {
    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        self.read(move |it| queries::boards_of(it, actor, max)).await
    }

    async fn board_statuses(
        &self,
        requests: &[BoardStatusRequest],
    ) -> Result<Vec<Option<BoardStatus>>, StoreError> {
        let requests = requests.to_vec();
        self.read(move |it| queries::board_statuses(it, &requests)).await
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<NotesPage>, StoreError> {
        self.read(move |it| queries::notes(it, board, after, bytes_max)).await
    }

    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError> {
        self.read(move |it| queries::note(it, board, note)).await
    }

    async fn event_pages(
        &self,
        requests: &[EventPageRequest],
        bytes_max: usize,
    ) -> Result<Vec<Vec<Event>>, StoreError> {
        let requests = requests.to_vec();
        self.read(move |it| queries::event_pages(it, &requests, bytes_max)).await
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        let boards = boards.iter().copied().collect();
        self.read(move |it| queries::heads(it, &boards)).await
    }

    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteHistoryPage, StoreError> {
        self.read(move |it| queries::note_events(it, board, note, before, max)).await
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
        self.read(move |it| compaction::compaction_candidates(it, before, after, max)).await
    }

    async fn compactable_events(
        &self,
        board: BoardId,
        after: Seq,
        before: Timestamp,
        max: u32,
        bytes_max: usize,
    ) -> Result<CompactableEvents, StoreError> {
        self.read(move |it| {
            compaction::compactable_events(it, board, after, before, max, bytes_max)
        })
        .await
    }

    async fn squash(&self, squash: &Squash) -> Result<CommitResult, StoreError> {
        let squash = squash.clone();
        written(self.writer.call(move |it| compaction::squash(it, &squash))).await
    }
}

#[async_trait]
impl OutcomeRetention for SqliteStore {
    async fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> Result<u64, StoreError> {
        written(self.writer.call(move |it| outcome_retention::delete_before(it, before, max))).await
    }
}

#[async_trait]
impl StoreHealth for SqliteStore {
    /// Writes as many bytes as a long note has, and deletes them again. It fails if the disk is full,
    /// read-only or gone. The next check overwrites what a failed one left.
    async fn check(&self) -> Result<(), StoreError> {
        let check = |connection: &mut Connection| {
            for statement in [FILL, "delete from room"] {
                commit::execute(connection, statement).map_err(unavailable)?;
            }
            Ok(())
        };
        let checking = timeout(DEADLINE, self.writer.call(check));
        checking.await.unwrap_or_else(|_| Err(StoreError::Unavailable(too_long())))
    }
}
