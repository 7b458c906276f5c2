//! Reads of a single board.

use async_trait::async_trait;
use sockbit_domain::{ActorId, BoardId, Event, Seq};

use super::{BoardStatus, BoardStatusRequest, EventPageRequest, ReadStore, StoreError};

/// The batched reads of a [`ReadStore`], for one board.
#[async_trait]
pub trait SingleReads: ReadStore {
    /// The state of a board, and an actor's role on it; `None` if the board does not exist.
    async fn board_status(
        &self,
        board: BoardId,
        actor: ActorId,
        position: Option<Seq>,
    ) -> Result<Option<BoardStatus>, StoreError> {
        let request = BoardStatusRequest { board, actor, position };
        Ok(self.board_statuses(&[request]).await?.pop().flatten())
    }

    /// A page of a board's events after a number.
    async fn events(
        &self,
        board: BoardId,
        after: Seq,
        bytes_max: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let request = EventPageRequest { board, after };
        Ok(self.event_pages(&[request], bytes_max).await?.pop().unwrap_or_default())
    }
}

impl<T: ReadStore + ?Sized> SingleReads for T {}
