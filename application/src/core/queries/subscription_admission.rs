//! The `Admission` query: may an actor join a board, and can the client resume?

use sockbit_domain::{Position, Rejection};

use super::batched_query::BatchedQuery;
use super::reply_size_limit::PAGE_BYTES_MAX;
use crate::bus_messages::{Admission, AdmissionQuery};
use crate::ports::{BoardStatus, BoardStatusRequest, ReadStore, StoreError};

impl BatchedQuery for AdmissionQuery {
    async fn answer(
        store: &dyn ReadStore,
        queries: &[Self],
    ) -> Result<Vec<Self::Reply>, StoreError> {
        let requests: Vec<_> = queries.iter().map(status_request).collect();
        let statuses = store.board_statuses(&requests).await?;
        let positions = queries.iter().map(|it| it.position);
        Ok(positions.zip(statuses).map(|(position, status)| admission(position, status)).collect())
    }
}

fn status_request(query: &AdmissionQuery) -> BoardStatusRequest {
    let AdmissionQuery { board, actor, position } = *query;
    BoardStatusRequest { board, actor, position: position.map(|it| it.seq) }
}

fn admission(
    position: Option<Position>,
    status: Option<BoardStatus>,
) -> Result<Admission, Rejection> {
    let Some((role, status)) = status.and_then(|it| Some((it.role?, it))) else {
        return Err(Rejection::not_found());
    };
    let resumable = position.is_some_and(|position| can_resume(&status, position));
    Ok(Admission { role, head: status.head, resumable })
}

/// Whether the position is verified, and the missing events are no larger than the board itself.
fn can_resume(status: &BoardStatus, position: Position) -> bool {
    let is_verified = status.event_at == Some(position.event);
    is_verified && status.bytes_since <= status.text_bytes.max(PAGE_BYTES_MAX as u64)
}
