//! Whether an actor is a member of a board.

use sockbit_domain::{ActorId, BoardId, Role};

use crate::ports::{BoardStatus, ReadStore, SingleReads, StoreError};

/// A member's role and the board's status; `None` for other actors, as if the board did not exist.
pub(super) async fn member_status(
    store: &dyn ReadStore,
    actor: ActorId,
    board: BoardId,
) -> Result<Option<(Role, BoardStatus)>, StoreError> {
    let status = store.board_status(board, actor, None).await?;
    Ok(status.and_then(|status| Some((status.role?, status))))
}
