//! Clauses about the history of a note.

use std::sync::Arc;

use sockbit_application::ports::{NoteHistoryPage, Store, StoreError};
use sockbit_domain::{Change, Colour, NoteId, Seq, Text};

use super::fixtures::{Script, actor, board_id, note_id, title};

const EDITS: u64 = 9;

/// A note with many edits and other events.
fn edited_often(note: NoteId) -> Script {
    let mut script = Script::new(board_id(1));
    script.create(note, "beginning").create(note_id(99), "another");
    for n in 0..EDITS {
        script.by(actor(u8::try_from(n).unwrap_or_default()));
        script.edit(note, &"🧦 words ".repeat(usize::try_from(n * 7 % 5).unwrap_or_default()));
        script.edit(note_id(99), &n.to_string());
        script.change(Change::NoteRecoloured { note, colour: Colour::Red });
    }
    script.change(Change::BoardRenamed { title: title("Later") });
    script
}

async fn page(
    store: &Arc<dyn Store>,
    note: NoteId,
    before: Option<Seq>,
    max: u32,
) -> NoteHistoryPage {
    store.note_events(board_id(1), note, before, max).await.expect("the store is available")
}

pub async fn the_history_of_a_note_contains_exactly_its_events(store: Arc<dyn Store>) {
    let note = note_id(1);
    let mut script = edited_often(note);
    script.save(&store).await;
    let found = page(&store, note, None, 1_000).await;
    let own = script.log.iter().filter(|fact| fact.event.change.note() == Some(note));
    let own: Vec<_> = own.map(|fact| (fact.event.clone(), fact.inverse.clone())).collect();
    assert_eq!(found.events, own);
    assert_eq!((found.more, found.later_inverses.len()), (false, 0));
    assert_eq!(found.note.as_ref(), script.state.notes.get(&note));
}

pub async fn history_pages_start_with_the_latest(store: Arc<dyn Store>) {
    let note = note_id(1);
    let mut script = edited_often(note);
    script.save(&store).await;
    let own = script.log.iter().filter(|fact| fact.event.change.note() == Some(note));
    let own: Vec<_> = own.map(|fact| fact.event.seq).collect();
    let mut found = Vec::new();
    let mut before = None;
    for _ in 0..own.len() {
        let page = page(&store, note, before, 4).await;
        assert!(page.events.len() == 4 || !page.more);
        let numbers: Vec<_> = page.events.iter().map(|(event, _)| event.seq).collect();
        before = numbers.first().copied();
        found.splice(0..0, numbers);
        if !page.more {
            break;
        }
    }
    assert_eq!(found, own);
    let exact = page(&store, note, None, u32::try_from(own.len()).unwrap_or_default()).await;
    assert!(!exact.more, "a full last page does not claim to have more");
}

pub async fn a_history_page_ends_before_the_requested_seq(store: Arc<dyn Store>) {
    let note = note_id(1);
    let mut script = edited_often(note);
    script.save(&store).await;
    for (before, last) in [(0, None), (2, None), (3, Some(2)), (5, Some(4)), (u64::MAX, Some(30))] {
        let found = page(&store, note, Some(Seq(before)), 1_000).await;
        assert_eq!(found.events.last().map(|(event, _)| event.seq.0), last);
        let later = script
            .state
            .edits
            .get(&note)
            .map_or(0, |edits| edits.iter().filter(|edit| edit.seq >= Seq(before)).count());
        assert_eq!(found.later_inverses.len(), later, "from {before} on");
    }
}

pub async fn inverses_restore_every_earlier_text(store: Arc<dyn Store>) {
    let note = note_id(1);
    let mut script = edited_often(note);
    script.save(&store).await;
    let mut then = Text::default();
    for fact in &script.log {
        let event = &fact.event;
        if event.change.note() == Some(note) && event.seq > Seq(2) {
            let found = page(&store, note, Some(event.seq), 3).await;
            let now = found.note.map(|it| it.text).unwrap_or_default();
            let mut inverses = found.later_inverses.iter().rev();
            let before = inverses.try_fold(now, |text, inverse| inverse.apply(&text));
            assert_eq!(before, Ok(then.clone()), "before {}", event.seq);
        }
        match &event.change {
            Change::NoteCreated { note: id, text, .. } if *id == note => then = text.clone(),
            Change::NoteEdited { note: id, delta } if *id == note => {
                then = delta.apply(&then).expect("the delta fits");
            }
            _ => {}
        }
    }
    assert_eq!(then, script.text(note));
}

/// The store refuses a page whose later inverses exceed the limit.
pub async fn refuses_history_pages_with_too_large_inverses(store: &Arc<dyn Store>) {
    let note = note_id(1);
    let mut script = Script::new(board_id(1));
    script.create(note, "");
    for n in 0..100 {
        script.edit(note, &if n % 2 == 0 { "a" } else { "b" }.repeat(60_000));
    }
    script.save(store).await;
    let (board, last) = (script.board(), script.state.head.seq);
    let found = store.note_events(board, note, Some(last), 10).await.expect("within the limit");
    assert_eq!(found.later_inverses.len(), 1);
    let far = store.note_events(board, note, Some(Seq(4)), 10).await;
    assert!(matches!(far, Err(StoreError::Unavailable(_))), "over the limit");
}
