//! The store in an SQLite database: one process, one writer, and no commit answered before it is
//! on the disk.

mod commit;
mod faults;
mod load;
mod open;
mod open_error;
mod queries;
mod rows;
mod settings;
#[cfg(test)]
mod tests;
mod words;
mod writer;

use std::fs::File;

use async_trait::async_trait;
use sockbit_application::ports::{
    BoardChanges, BoardLoaded, BoardWanted, Commit, NoteEvents, Notes, Standing, Store, StoreError,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{ActorId, BoardId, Event, Note, NoteId, Position, Seq};
use sqlx::{SqlitePool, SqliteTransaction};

use self::faults::unavailable;
use self::writer::Writer;

pub use self::open_error::OpenError;

/// Everything in one database file, which no other process opens meanwhile.
pub struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
    /// Held for as long as the store is open.
    lock: File,
}

impl SqliteStore {
    /// Ends what is under way and lets go of the file. From here on every call is refused.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        // What fails to be unlocked here is unlocked when the store is dropped.
        let _ = self.lock.unlock();
    }

    /// One moment to read in. Nothing is written, so there is nothing to commit.
    async fn moment(&self) -> Result<SqliteTransaction<'static>, StoreError> {
        self.readers.begin().await.map_err(unavailable)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, wanted: &[BoardWanted]) -> Result<Vec<BoardLoaded>, StoreError> {
        let mut moment = self.moment().await?;
        let mut loaded = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            loaded.push(load::board(&mut moment, wanted).await?);
        }
        Ok(loaded)
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<Commit>, StoreError> {
        let mut lease = self.writer.lease().await?;
        let verdicts = commit::boards(lease.connection(), changes).await?;
        lease.give_back();
        Ok(verdicts)
    }

    async fn boards_of(&self, actor: ActorId, max: u32) -> Result<Vec<BoardSummary>, StoreError> {
        queries::boards_of(&self.readers, actor, max).await
    }

    async fn standing(
        &self,
        board: BoardId,
        actor: ActorId,
        position: Option<Seq>,
    ) -> Result<Option<Standing>, StoreError> {
        queries::standing(&self.readers, board, actor, position).await
    }

    async fn notes(
        &self,
        board: BoardId,
        after: Option<NoteId>,
        bytes_max: usize,
    ) -> Result<Option<Notes>, StoreError> {
        queries::notes(&mut *self.moment().await?, board, after, bytes_max).await
    }

    async fn note(
        &self,
        board: BoardId,
        note: NoteId,
    ) -> Result<Option<(Position, Option<Note>)>, StoreError> {
        queries::note(&mut *self.moment().await?, board, note).await
    }

    async fn events(
        &self,
        board: BoardId,
        after: Seq,
        bytes_max: usize,
    ) -> Result<Vec<Event>, StoreError> {
        queries::events(&self.readers, board, after, bytes_max).await
    }

    async fn heads(&self, boards: &[BoardId]) -> Result<Vec<(BoardId, Position)>, StoreError> {
        queries::heads(&self.readers, boards).await
    }

    async fn note_events(
        &self,
        board: BoardId,
        note: NoteId,
        before: Option<Seq>,
        max: u32,
    ) -> Result<NoteEvents, StoreError> {
        queries::note_events(&mut *self.moment().await?, board, note, before, max).await
    }

    /// Writes the header of the database anew, and waits until the disk has it: a disk that is
    /// full, read-only or gone is noticed.
    async fn check(&self) -> Result<(), StoreError> {
        let mut lease = self.writer.lease().await?;
        sqlx::query("pragma user_version = 1")
            .execute(lease.connection())
            .await
            .map_err(unavailable)?;
        lease.give_back();
        Ok(())
    }
}
