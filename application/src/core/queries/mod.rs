//! Questions: answered as far as the asker may know, neither logged nor deduplicated.

mod admission;
mod board_page;
mod events;
mod my_boards;
mod note;
mod note_history;

use sockbit_domain::wire::{Query, Reply};
use sockbit_domain::{ActorId, BoardId, Rejection, RejectionCode};

use crate::ports::{BoardStatus, Store, StoreError};

pub(super) use admission::admission;
pub(super) use events::{event_and_what_it_follows, events};

/// What fits one message besides its wrapping, in bytes.
const PAGE_BYTES_MAX: usize = 192 * 1024;

/// Answers a client.
pub(super) async fn client(
    store: &dyn Store,
    actor: ActorId,
    query: Query,
) -> Result<Reply, StoreError> {
    let reply = match query {
        Query::MyBoards {} => my_boards::my_boards(store, actor).await?,
        Query::BoardPage { board, after } => {
            board_page::board_page(store, actor, board, after).await?
        }
        Query::Note { board, note } => note::note(store, actor, board, note).await?,
        Query::NoteHistory { board, note, before } => {
            note_history::note_history(store, actor, board, note, before).await?
        }
    };
    Ok(reply)
}

/// The standing of a member; for anybody else the board does not exist.
async fn member(
    store: &dyn Store,
    actor: ActorId,
    board: BoardId,
) -> Result<Option<(sockbit_domain::Role, BoardStatus)>, StoreError> {
    let standing = store.board_status(board, actor, None).await?;
    Ok(standing.and_then(|standing| Some((standing.role?, standing))))
}

fn note_not_found() -> Rejection {
    Rejection::new(RejectionCode::NoteNotFound, "the board has no such note")
}
