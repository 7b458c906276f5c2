//! The `Events` query: one page of a board's log.

use sockbit_domain::{BoardId, Event, EventId, Seq};

use super::reply_size_limit::PAGE_BYTES_MAX;
use crate::ports::{EventPageRequest, ReadStore, SingleReads, StoreError};

/// The events after `after`; `None` if the event with that number has another id than `id`, or is
/// no longer in the log.
///
/// The log is read from that event on, so that it is verified in the same snapshot as the others.
pub(in crate::core) async fn events(
    store: &dyn ReadStore,
    board: BoardId,
    after: Seq,
    id: Option<EventId>,
) -> Result<Option<Vec<Event>>, StoreError> {
    let Some(id) = id else { return store.events(board, after, PAGE_BYTES_MAX).await.map(Some) };
    let mut events = store.events(board, previous(after), PAGE_BYTES_MAX).await?;
    if !events.first().is_some_and(|first| first.seq == after && first.id == id) {
        return Ok(None);
    }
    events.remove(0);
    if events.is_empty() {
        // That event may have filled the page.
        events = store.events(board, after, PAGE_BYTES_MAX).await?;
    }
    Ok(Some(events))
}

/// The event with this number, and the id of the event right before it if the log has that one.
pub(in crate::core) async fn event_with_predecessor(
    store: &dyn ReadStore,
    board: BoardId,
    seq: Seq,
) -> Result<Option<(Option<EventId>, Event)>, StoreError> {
    let requests = [previous(previous(seq)), previous(seq)];
    let requests = requests.map(|after| EventPageRequest { board, after });
    let mut firsts = store.event_pages(&requests, 1).await?.into_iter().map(first_event);
    let (predecessor, event) = (firsts.next().flatten(), firsts.next().flatten());
    let id_before = |event: &Event| Some(predecessor.filter(|it| it.seq.next() == event.from)?.id);
    Ok(event.map(|event| (id_before(&event), event)))
}

fn first_event(page: Vec<Event>) -> Option<Event> {
    page.into_iter().next()
}

fn previous(seq: Seq) -> Seq {
    Seq(seq.0.saturating_sub(1))
}
