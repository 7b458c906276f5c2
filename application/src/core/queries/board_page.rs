//! The `BoardPage` query: one page of a board's notes.

use sockbit_domain::wire::{BoardPage, Reply};
use sockbit_domain::{ActorId, BoardId, NoteId, Rejection};

use super::membership::member_status;
use super::reply_size_limit::PAGE_BYTES_MAX;
use crate::ports::{ReadStore, StoreError};

pub(super) async fn board_page(
    store: &dyn ReadStore,
    actor: ActorId,
    board: BoardId,
    after: Option<NoteId>,
) -> Result<Reply, StoreError> {
    let Some((role, _)) = member_status(store, actor, board).await? else {
        return Ok(Rejection::not_found().into());
    };
    let Some(notes) = store.notes(board, after, PAGE_BYTES_MAX).await? else {
        return Ok(Rejection::not_found().into());
    };
    Ok(Reply::BoardPage(BoardPage {
        board,
        title: notes.title,
        role,
        position: notes.head,
        notes: notes.notes,
        next: notes.next,
    }))
}
