//! A part of a board's log.

use sockbit_domain::{BoardId, Event, Seq};

use super::PAGE_BYTES_MAX;
use crate::ports::{Store, StoreError};

pub(in crate::core) async fn events(
    store: &dyn Store,
    board: BoardId,
    after: Seq,
) -> Result<Vec<Event>, StoreError> {
    store.events(board, after, PAGE_BYTES_MAX).await
}
