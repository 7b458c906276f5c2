//! The `Admission` query: may an actor join a board, and can the client resume?

use sockbit_domain::{ActorId, BoardId, Position, Rejection};

use super::reply_size_limit::PAGE_BYTES_MAX;
use crate::bus_messages::Admission;
use crate::ports::{BoardStatus, ReadStore, SingleReads, StoreError};

pub(in crate::core) async fn admission(
    store: &dyn ReadStore,
    actor: ActorId,
    board: BoardId,
    position: Option<Position>,
) -> Result<Result<Admission, Rejection>, StoreError> {
    let status = store.board_status(board, actor, position.map(|it| it.seq)).await?;
    let Some((role, status)) = status.and_then(|it| Some((it.role?, it))) else {
        return Ok(Err(Rejection::not_found()));
    };
    let resumable = position.is_some_and(|position| can_resume(&status, position));
    Ok(Ok(Admission { role, head: status.head, resumable }))
}

/// Whether the position is verified, and the missing events are no larger than the board itself.
fn can_resume(status: &BoardStatus, position: Position) -> bool {
    let is_verified = status.event_at == Some(position.event);
    is_verified && status.bytes_since <= status.text_bytes.max(PAGE_BYTES_MAX as u64)
}
