//! Who may join a board, and how they catch up.

use sockbit_domain::{ActorId, BoardId, Position, Rejection};

use super::PAGE_BYTES_MAX;
use crate::envelope::Admission;
use crate::ports::{BoardStatus, Store, StoreError};

/// Whoever resumes is sent what is missing, or pulls the board anew where that is less.
pub(in crate::core) async fn admission(
    store: &dyn Store,
    actor: ActorId,
    board: BoardId,
    position: Option<Position>,
) -> Result<Result<Admission, Rejection>, StoreError> {
    let standing = store.board_status(board, actor, position.map(|it| it.seq)).await?;
    let Some((role, standing)) = standing.and_then(|it| Some((it.role?, it))) else {
        return Ok(Err(Rejection::not_found()));
    };
    let resumable = position.is_some_and(|position| can_resume(&standing, position));
    Ok(Ok(Admission { role, head: standing.head, resumable }))
}

fn can_resume(standing: &BoardStatus, position: Position) -> bool {
    let is_known = standing.event_at == Some(position.event);
    is_known && standing.bytes_since <= standing.text_bytes.max(PAGE_BYTES_MAX as u64)
}
