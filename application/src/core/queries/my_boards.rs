//! The `MyBoards` query: the boards of one actor.

use sockbit_domain::ActorId;
use sockbit_domain::wire::Reply;

use crate::ports::{ReadStore, StoreError};

const BOARDS_MAX: u32 = 200;

pub(super) async fn my_boards(store: &dyn ReadStore, actor: ActorId) -> Result<Reply, StoreError> {
    let mut boards = store.boards_of(actor, BOARDS_MAX + 1).await?;
    let more = boards.len() > BOARDS_MAX as usize;
    boards.truncate(BOARDS_MAX as usize);
    Ok(Reply::MyBoards { boards, more })
}
