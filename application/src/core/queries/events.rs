//! A part of a board's log.

use sockbit_domain::{BoardId, Event, EventId, Seq};

use super::PAGE_BYTES_MAX;
use crate::ports::{Store, StoreError};

/// `None` where the event to begin after is another one than was said, or stands there no more.
///
/// The log is read from that event on, so that it is looked at in the same moment as the others.
pub(in crate::core) async fn events(
    store: &dyn Store,
    board: BoardId,
    after: Seq,
    id: Option<EventId>,
) -> Result<Option<Vec<Event>>, StoreError> {
    let Some(id) = id else { return store.events(board, after, PAGE_BYTES_MAX).await.map(Some) };
    let mut events = store.events(board, before(after), PAGE_BYTES_MAX).await?;
    if !events.first().is_some_and(|first| first.seq == after && first.id == id) {
        return Ok(None);
    }
    events.remove(0);
    if events.is_empty() {
        // It may have filled the page.
        events = store.events(board, after, PAGE_BYTES_MAX).await?;
    }
    Ok(Some(events))
}

/// The event with this number, and the one right before it as far as that can be told.
pub(in crate::core) async fn event_and_what_it_follows(
    store: &dyn Store,
    board: BoardId,
    seq: Seq,
) -> Result<Option<(Option<EventId>, Event)>, StoreError> {
    let first_after =
        async |after| Ok::<_, StoreError>(store.events(board, after, 1).await?.into_iter().next());
    let previous = first_after(before(before(seq))).await?;
    let event = first_after(before(seq)).await?;
    let id_before = |event: &Event| Some(previous.filter(|it| it.seq.next() == event.from)?.id);
    Ok(event.map(|event| (id_before(&event), event)))
}

fn before(seq: Seq) -> Seq {
    Seq(seq.0.saturating_sub(1))
}
