//! Queries: read requests, neither logged nor deduplicated. A reply holds what the sender may know.

mod batched_query;
mod board_page;
mod events;
mod membership;
mod missing_note;
mod my_boards;
mod note;
mod note_history;
mod reply_size_limit;
mod subscription_admission;

use sockbit_domain::ActorId;
use sockbit_domain::wire::{Query, Reply};

use crate::ports::{ReadStore, StoreError};

pub(super) use batched_query::{batch, single};
pub(super) use events::event_with_predecessor;

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
