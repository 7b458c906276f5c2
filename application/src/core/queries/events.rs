//! The `Events` query: one page of a board's log.

use sockbit_domain::{BoardId, Event, EventId, Seq};

use super::batched_query::BatchedQuery;
use super::reply_size_limit::page_bytes_max;
use crate::bus_messages::{EventPage, EventsQuery};
use crate::ports::{EventPageRequest, ReadStore, StoreError};

impl BatchedQuery for EventsQuery {
    async fn answer(
        store: &dyn ReadStore,
        queries: &[Self],
    ) -> Result<Vec<Self::Reply>, StoreError> {
        let bytes_max = page_bytes_max(queries.len());
        let requests: Vec<_> = queries.iter().map(first_request).collect();
        let found = store.event_pages(&requests, bytes_max).await?;
        let mut pages: Vec<_> =
            queries.iter().zip(found).map(|(it, events)| page(it, events)).collect();
        fill_empty_pages(store, queries, &mut pages, bytes_max).await?;
        Ok(pages)
    }
}

/// The log is read from the event with the given id on, so that it is verified in the same snapshot
/// as the later ones.
fn first_request(query: &EventsQuery) -> EventPageRequest {
    let EventsQuery { board, after, id } = *query;
    EventPageRequest { board, after: if id.is_some() { previous(after) } else { after } }
}

/// The events after the one that has to be verified. It may have another id, or be no longer in the
/// log.
fn page(query: &EventsQuery, mut events: Vec<Event>) -> EventPage {
    let Some(id) = query.id else { return EventPage::Events(events) };
    if !events.first().is_some_and(|first| first.seq == query.after && first.id == id) {
        return EventPage::HistoryDiverged;
    }
    events.remove(0);
    EventPage::Events(events)
}

/// Reads empty pages again: the event that was verified may have filled them.
async fn fill_empty_pages(
    store: &dyn ReadStore,
    queries: &[EventsQuery],
    pages: &mut [EventPage],
    bytes_max: usize,
) -> Result<(), StoreError> {
    let is_empty = |(query, page): &(&EventsQuery, &mut EventPage)| {
        query.id.is_some() && **page == EventPage::Events(Vec::new())
    };
    let empty_pages = queries.iter().zip(pages).filter(is_empty);
    let (requests, empty_pages): (Vec<_>, Vec<_>) = empty_pages
        .map(|(it, page)| (EventPageRequest { board: it.board, after: it.after }, page))
        .unzip();
    if requests.is_empty() {
        return Ok(());
    }
    let found = store.event_pages(&requests, bytes_max).await?;
    for (page, events) in empty_pages.into_iter().zip(found) {
        *page = EventPage::Events(events);
    }
    Ok(())
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
