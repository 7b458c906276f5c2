//! The `Note` query: one note.

use sockbit_domain::wire::{NotePage, Reply};
use sockbit_domain::{ActorId, BoardId, NoteId, NoteState, Rejection};

use super::membership::member_status;
use super::missing_note::{note_gone, note_not_found};
use crate::ports::{ReadStore, StoreError};

pub(super) async fn note(
    store: &dyn ReadStore,
    actor: ActorId,
    board: BoardId,
    note: NoteId,
) -> Result<Reply, StoreError> {
    let Some((role, status)) = member_status(store, actor, board).await? else {
        return Ok(Rejection::not_found().into());
    };
    let Some((position, note)) = store.note(board, note).await? else {
        return Ok(Rejection::not_found().into());
    };
    let Some(note) = note else { return Ok(note_not_found().into()) };
    if note.state == NoteState::Deleted {
        return Ok(note_gone().into());
    }
    Ok(Reply::Note(NotePage { board, title: status.title, role, position, note }))
}
