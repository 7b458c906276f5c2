//! The `NoteHistory` query: one page of a note's events.

use sockbit_domain::wire::{HistoryEntry, NoteHistory, Reply};
use sockbit_domain::{
    ActorId, BoardId, Change, Delta, Event, NoteId, NoteState, Rejection, Seq, Text,
};

use super::membership::member_status;
use super::missing_note::{note_gone, note_not_found};
use super::reply_size_limit::PAGE_BYTES_MAX;
use crate::json_size::json_bytes;
use crate::ports::{NoteHistoryPage, ReadStore, StoreError};

const ENTRIES_MAX: u32 = 100;

pub(super) async fn note_history(
    store: &dyn ReadStore,
    actor: ActorId,
    board: BoardId,
    note: NoteId,
    before: Option<Seq>,
) -> Result<Reply, StoreError> {
    if member_status(store, actor, board).await?.is_none() {
        return Ok(Rejection::not_found().into());
    }
    let mut page = store.note_events(board, note, before, ENTRIES_MAX).await?;
    let Some(note) = page.note.take() else { return Ok(note_not_found().into()) };
    if note.state == NoteState::Deleted {
        return Ok(note_gone().into());
    }
    drop_oldest_beyond_budget(&mut page);
    let text_before = text_before(note.text, &page).ok_or_else(|| {
        StoreError::Unavailable(format!("the history of note {} is inconsistent", note.id))
    })?;
    let earlier = page.events.first().filter(|_| page.more).map(|(event, _)| event.from);
    let entries = page.events.into_iter().map(|(event, _)| entry(event)).collect();
    Ok(Reply::NoteHistory(NoteHistory { text_before, entries, earlier }))
}

/// Drops the oldest events of a page that is too large for a message; the next page has them.
fn drop_oldest_beyond_budget(page: &mut NoteHistoryPage) {
    let mut bytes = 0;
    let kept = page
        .events
        .iter()
        .rev()
        .take_while(|(event, _)| {
            bytes += json_bytes(event);
            bytes <= PAGE_BYTES_MAX / 2
        })
        .count()
        .max(1);
    let dropped = page.events.len().saturating_sub(kept);
    page.events.drain(..dropped);
    page.more |= dropped > 0;
}

/// The text before the page's first event: reverts every edit since. A note that is created on the
/// page had no text before. `None` if the inverses do not fit the text.
fn text_before(current: Text, page: &NoteHistoryPage) -> Option<Text> {
    let is_created_on_page =
        page.events.first().is_some_and(|(it, _)| matches!(it.change, Change::NoteCreated { .. }));
    if is_created_on_page {
        return Some(Text::default());
    }
    let on_page = page.events.iter().filter_map(|(_, inverse)| inverse.as_ref());
    let inverses: Vec<&Delta> = on_page.chain(&page.later_inverses).collect();
    inverses.into_iter().rev().try_fold(current, |text, inverse| inverse.apply(&text).ok())
}

fn entry(event: Event) -> HistoryEntry {
    HistoryEntry { seq: event.seq, actor: event.actor, at: event.at, change: event.change }
}
