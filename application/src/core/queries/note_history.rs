//! What happened to one note.

use sockbit_domain::wire::{HistoryEntry, NoteHistory, Reply};
use sockbit_domain::{
    ActorId, BoardId, Change, Delta, Event, NoteId, NoteState, Rejection, Seq, Text,
};

use super::note::gone;
use super::{PAGE_BYTES_MAX, member, note_not_found};
use crate::ports::{NoteHistoryPage, Store, StoreError, json_bytes};

const ENTRIES_MAX: u32 = 100;

pub(super) async fn note_history(
    store: &dyn Store,
    actor: ActorId,
    board: BoardId,
    note: NoteId,
    before: Option<Seq>,
) -> Result<Reply, StoreError> {
    if member(store, actor, board).await?.is_none() {
        return Ok(Rejection::not_found().into());
    }
    let mut found = store.note_events(board, note, before, ENTRIES_MAX).await?;
    let Some(note) = found.note.take() else { return Ok(note_not_found().into()) };
    if note.state == NoteState::Deleted {
        return Ok(gone().into());
    }
    shorten(&mut found);
    let text_before = text_before(note.text, &found).ok_or_else(|| {
        StoreError::Unavailable(format!("the history of note {} has a fault", note.id))
    })?;
    let earlier = found.events.first().filter(|_| found.more).map(|(event, _)| event.from);
    let entries = found.events.into_iter().map(|(event, _)| entry(event)).collect();
    Ok(Reply::NoteHistory(NoteHistory { text_before, entries, earlier }))
}

/// Drops the oldest entries of a page that would not fit a message; they come with the next one.
fn shorten(found: &mut NoteHistoryPage) {
    let mut bytes = 0;
    let kept = found
        .events
        .iter()
        .rev()
        .take_while(|(event, _)| {
            bytes += json_bytes(event);
            bytes <= PAGE_BYTES_MAX / 2
        })
        .count()
        .max(1);
    let dropped = found.events.len().saturating_sub(kept);
    found.events.drain(..dropped);
    found.more |= dropped > 0;
}

/// Takes back every edit from now to the beginning of the page. A note that is created on the page
/// had no text before.
fn text_before(now: Text, found: &NoteHistoryPage) -> Option<Text> {
    let created =
        found.events.first().is_some_and(|(it, _)| matches!(it.change, Change::NoteCreated { .. }));
    if created {
        return Some(Text::default());
    }
    let on_page = found.events.iter().filter_map(|(_, inverse)| inverse.as_ref());
    let inverses: Vec<&Delta> = on_page.chain(&found.later_inverses).collect();
    inverses.into_iter().rev().try_fold(now, |text, inverse| inverse.apply(&text).ok())
}

fn entry(event: Event) -> HistoryEntry {
    HistoryEntry { seq: event.seq, actor: event.actor, at: event.at, change: event.change }
}
