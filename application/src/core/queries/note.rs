//! One note.

use sockbit_domain::wire::{NotePage, Reply};
use sockbit_domain::{ActorId, BoardId, NoteId, NoteState, Rejection, RejectionCode};

use super::{member, note_not_found};
use crate::ports::{Store, StoreError};

pub(super) async fn note(
    store: &dyn Store,
    actor: ActorId,
    board: BoardId,
    note: NoteId,
) -> Result<Reply, StoreError> {
    let Some((role, standing)) = member(store, actor, board).await? else {
        return Ok(Rejection::not_found().into());
    };
    let Some((position, note)) = store.note(board, note).await? else {
        return Ok(Rejection::not_found().into());
    };
    let Some(note) = note else { return Ok(note_not_found().into()) };
    if note.state == NoteState::Deleted {
        return Ok(gone().into());
    }
    Ok(Reply::Note(NotePage { board, title: standing.title, role, position, note }))
}

pub(super) fn gone() -> Rejection {
    Rejection::new(RejectionCode::NoteGone, "the note was deleted for good")
}
