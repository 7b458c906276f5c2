//! Clauses about compacted logs: shorter, with consistent results of all reads.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sockbit_application::history_compaction::Compaction;
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{Clock, SingleReads, Store, StoredOutcome};
use sockbit_domain::{Board, BoardId, Event, Fact, NoteId, Outcome, Seq, Text, Timestamp};

use super::fixtures::{
    Script, actor, all_events, all_notes, bare, board_id, load, load_board, note_id, outcome,
};

/// Later than every event of the scripts.
pub const LATER: Timestamp = Timestamp(i64::MAX);

struct LaterClock;

impl Clock for LaterClock {
    fn now(&self) -> Timestamp {
        LATER
    }
}

/// Compacts everything in the store.
pub async fn compact(store: &Arc<dyn Store>) -> u64 {
    let (store, health) = (Arc::clone(store), Arc::clone(store));
    let compaction = Compaction::new(store, health, Arc::new(LaterClock), Duration::ZERO);
    compaction.round().await.expect("the store is available")
}

/// Two actors who alternate, each with several consecutive edits of one note.
pub fn typing_runs(board: BoardId) -> Script {
    let mut script = Script::new(board);
    script.create(note_id(1), "").create(note_id(2), "two");
    for round in 0..3_u8 {
        for who in 1..=2 {
            script.by(actor(who));
            let note = note_id(u128::from(who));
            for n in 0..4 {
                script.at(10_000 + i64::from(round) * 1_000 + n);
                let text = format!("{}{n} 🧦 ", script.text(note));
                script.edit(note, &text);
            }
        }
    }
    script.add_outcome(outcome(1, 1, Outcome::Saved { position: script.state.head }));
    for (n, fact) in (2..).zip(script.log.clone()) {
        script.add_outcome(outcome(1, n, Outcome::Saved { position: fact.event.position() }));
    }
    script
}

async fn compacted(store: &Arc<dyn Store>, board: BoardId) -> Script {
    let mut script = typing_runs(board);
    script.save(store).await;
    assert_eq!(compact(store).await, 18, "of each run one event remains");
    script
}

pub fn ranges(events: &[Event]) -> Vec<(u64, u64)> {
    events.iter().map(|it| (it.from.0, it.seq.0)).collect()
}

pub async fn the_ranges_of_a_compacted_log_cover_every_seq(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let events = all_events(&store, script.board()).await;
    let typing_runs = (0..6).map(|n| (4 + 4 * n, 7 + 4 * n));
    let expected: Vec<_> = [(1, 1), (2, 2), (3, 3)].into_iter().chain(typing_runs).collect();
    assert_eq!(ranges(&events), expected);
    for event in &events {
        let last = script.log.iter().map(|it| &it.event).find(|it| it.seq == event.seq);
        let last = last.expect("a run ends with an event of the log").clone();
        let (from, change) = (event.from, event.change.clone());
        assert_eq!(
            event,
            &Event { from, change, ..last },
            "all but the change is that of the last event"
        );
    }
}

pub async fn a_compacted_log_gives_the_same_notes(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let events = all_events(&store, script.board()).await;
    assert!(events.len() < script.log.len());
    let mut board: Option<Board> = None;
    for event in events {
        match &mut board {
            None => board = Board::created(&event),
            Some(board) => {
                let fact = Fact { event, inverse: None, key: None };
                assert_eq!(board.apply(&fact), Ok(()));
            }
        }
    }
    let replayed = board.expect("the log creates the board").notes;
    assert_eq!(replayed, script.state.notes);
    let stored = all_notes(&store, script.board()).await;
    assert_eq!(stored, replayed.into_values().collect::<Vec<_>>());
}

pub async fn compaction_changes_only_the_log(store: Arc<dyn Store>) {
    let mut script = typing_runs(board_id(1));
    script.save(&store).await;
    let mut request = script.request();
    request.bases = [script.state.head.seq].into();
    request.notes.values_mut().for_each(|base| *base = None);
    let before = (load(&store, &request).await, all_notes(&store, script.board()).await);
    let listed = store.boards_of(actor(1).id, 10).await;
    assert_eq!(compact(&store).await, 18);
    assert_eq!((load(&store, &request).await, all_notes(&store, script.board()).await), before);
    assert_eq!(store.boards_of(actor(1).id, 10).await, listed);
}

pub async fn compaction_keeps_outcomes(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let key = |it: &StoredOutcome| (it.client, it.message);
    let mut found = load(&store, &script.request()).await.outcomes;
    let mut expected = script.outcomes.clone();
    found.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(found, expected);
}

pub async fn only_the_end_of_a_range_is_a_position(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let events = all_events(&store, script.board()).await;
    let ends: BTreeSet<Seq> = events.iter().map(|it| it.seq).collect();
    let bases = load_board(&store, &script.request()).await.bases;
    assert_eq!(bases.keys().copied().collect::<BTreeSet<_>>(), ends);
    for fact in &script.log {
        let position = fact.event.position();
        let known = ends.contains(&position.seq).then_some(position.event);
        let status = store.board_status(script.board(), actor(1).id, Some(position.seq)).await;
        let status = status.expect("the store is available").expect("the board exists");
        assert_eq!(status.event_at, known, "at {}", position.seq);
        assert_eq!(bases.get(&position.seq).copied(), known, "at {}", position.seq);
    }
}

pub async fn edits_after_a_base_are_runs_after_compaction(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let mut request = bare(script.board());
    request.notes = [(note_id(1), Some(Seq(7))), (note_id(2), Some(Seq(0)))].into();
    let edits = load_board(&store, &request).await.edits;
    let ends = |note: u128| edits[&note_id(note)].iter().map(|it| it.seq.0).collect::<Vec<_>>();
    assert_eq!((ends(1), ends(2)), (vec![15, 23], vec![11, 19, 27]));
    let note = script.text(note_id(1));
    let back = edits[&note_id(1)].iter().rev().try_fold(note, |text, it| it.inverse.apply(&text));
    assert_eq!(back.map(|it| it.len_utf16()), Ok(4 * 5), "the text after the first run");
}

pub async fn the_history_of_a_note_has_an_entry_per_run(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let found = store.note_events(script.board(), note_id(2), None, 100).await;
    let found = found.expect("the store is available");
    let entry = |(event, _): &(Event, _)| (event.from.0, event.seq.0, event.actor.clone());
    let run = |n: u64| (8 + 8 * n, 11 + 8 * n, actor(2));
    let expected = [(3, 3, actor(1)), run(0), run(1), run(2)];
    assert_eq!(found.events.iter().map(entry).collect::<Vec<_>>(), expected);
    let mut text = found.note.expect("the note exists").text;
    for (event, inverse) in found.events.iter().skip(1).rev() {
        assert_eq!(text, text_after(&script, note_id(2), event.seq), "after {}", event.seq);
        let inverse = inverse.as_ref().expect("an edit has an inverse");
        text = inverse.apply(&text).expect("the inverse fits");
    }
    assert_eq!(text.as_str(), "two");
}

fn text_after(script: &Script, note: NoteId, seq: Seq) -> Text {
    let edits = script.state.edits[&note].iter().rev().take_while(|it| it.seq > seq);
    let now = script.text(note);
    edits.fold(now, |text, edit| edit.inverse.apply(&text).expect("the inverse fits"))
}

pub async fn history_pages_are_consistent_over_ranges(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    // Seqs inside ranges, as in a query from before the compaction.
    for before in [14, 12, 8, 5] {
        let page = store.note_events(script.board(), note_id(1), Some(Seq(before)), 1).await;
        let page = page.expect("the store is available");
        let (last, _) = page.events.last().expect("the note was created");
        assert!(last.seq < Seq(before));
        let now = page.note.expect("the note exists").text;
        let then = page.later_inverses.iter().rev().try_fold(now, |text, it| it.apply(&text));
        assert_eq!(then, Ok(text_after(&script, note_id(1), last.seq)), "before {before}");
    }
}

pub async fn the_size_of_later_events_is_never_underestimated(store: Arc<dyn Store>) {
    let mut script = compacted(&store, board_id(1)).await;
    script.edit(note_id(1), "later").save(&store).await;
    let events = all_events(&store, script.board()).await;
    for event in &events {
        let status = store.board_status(script.board(), actor(1).id, Some(event.seq)).await;
        let status = status.expect("the store is available").expect("the board exists");
        let later = events.iter().filter(|it| it.seq > event.seq);
        let bytes: u64 = later.map(|it| json_bytes(it) as u64).sum();
        assert!(status.bytes_since >= bytes, "after {}", event.seq);
    }
    let mut after = Seq(0);
    let mut found = Vec::new();
    while found.len() < events.len() {
        let page = store.events(script.board(), after, 600).await.expect("the store is available");
        after = page.last().expect("another page").seq;
        found.extend(page);
    }
    assert_eq!(found, events, "the pages contain the whole log");
}
