//! Queries: read requests, neither logged nor deduplicated. A reply holds what the sender may know.

mod admission;
mod board_page;
mod events;
mod my_boards;
mod note;
mod note_history;

use sockbit_domain::wire::{Query, Reply};
use sockbit_domain::{ActorId, BoardId, Rejection, RejectionCode, Role};

use crate::ports::{BoardStatus, ReadStore, StoreError};

pub(super) use admission::admission;
pub(super) use events::{event_with_predecessor, events};

/// Bytes of JSON in one reply, without its envelope.
const PAGE_BYTES_MAX: usize = 192 * 1024;

/// Answers a client's query.
pub(super) async fn client(
    store: &dyn ReadStore,
    actor: ActorId,
    query: Query,
) -> Result<Reply, StoreError> {
    match query {
        Query::MyBoards {} => my_boards::my_boards(store, actor).await,
        Query::BoardPage { board, after } => {
            board_page::board_page(store, actor, board, after).await
        }
        Query::Note { board, note } => note::note(store, actor, board, note).await,
        Query::NoteHistory { board, note, before } => {
            note_history::note_history(store, actor, board, note, before).await
        }
    }
}

/// A member's role and the board's status; `None` for other actors, as if the board did not exist.
async fn member_status(
    store: &dyn ReadStore,
    actor: ActorId,
    board: BoardId,
) -> Result<Option<(Role, BoardStatus)>, StoreError> {
    let status = store.board_status(board, actor, None).await?;
    Ok(status.and_then(|status| Some((status.role?, status))))
}

fn note_not_found() -> Rejection {
    Rejection::new(RejectionCode::NoteNotFound, "the board has no such note")
}

fn note_gone() -> Rejection {
    Rejection::new(RejectionCode::NoteGone, "the note was deleted for good")
}
