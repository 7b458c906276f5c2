//! Compaction makes a log shorter, and everything that can be asked of it stays true.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sockbit_application::compaction::Compaction;
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{Clock, Store, StoredOutcome};
use sockbit_domain::{Board, BoardId, Event, Fact, NoteId, Outcome, Seq, Text, Timestamp};

use super::fixtures::{
    Script, actor, all_events, all_notes, bare, board_id, load, load_board, note_id, outcome,
};

/// After everything that happens in the scripts.
pub const LATER: Timestamp = Timestamp(i64::MAX);

struct AllIsOld;

impl Clock for AllIsOld {
    fn now(&self) -> Timestamp {
        LATER
    }
}

/// Compacts everything in the store.
pub async fn compact(store: &Arc<dyn Store>) -> u64 {
    let (store, health) = (Arc::clone(store), Arc::clone(store));
    let compaction = Compaction::new(store, health, Arc::new(AllIsOld), Duration::ZERO);
    compaction.round().await.expect("the store answers")
}

/// Two people in two notes, who stay for a while each.
pub fn sittings(board: BoardId) -> Script {
    let mut script = Script::begin(board);
    script.create(note_id(1), "").create(note_id(2), "two");
    for round in 0..3_u8 {
        for who in 1..=2 {
            script.by(actor(who));
            let note = note_id(u128::from(who));
            for n in 0..4 {
                script.at(10_000 + i64::from(round) * 1_000 + n);
                let words = format!("{}{n} 🧦 ", script.text(note));
                script.edit(note, &words);
            }
        }
    }
    script.answer(outcome(1, 1, Outcome::Saved { position: script.state.head }));
    for (n, fact) in (2..).zip(script.log.clone()) {
        script.answer(outcome(1, n, Outcome::Saved { position: fact.event.position() }));
    }
    script
}

async fn compacted(store: &Arc<dyn Store>, board: BoardId) -> Script {
    let mut script = sittings(board);
    script.save(store).await;
    assert_eq!(compact(store).await, 18, "of each sitting one event is left");
    script
}

pub fn ranges(events: &[Event]) -> Vec<(u64, u64)> {
    events.iter().map(|it| (it.from.0, it.seq.0)).collect()
}

pub async fn the_ranges_of_a_compacted_log_cover_every_number(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let events = all_events(&store, script.board()).await;
    let sittings = (0..6).map(|n| (4 + 4 * n, 7 + 4 * n));
    let expected: Vec<_> = [(1, 1), (2, 2), (3, 3)].into_iter().chain(sittings).collect();
    assert_eq!(ranges(&events), expected);
    for event in &events {
        let last = script.log.iter().map(|it| &it.event).find(|it| it.seq == event.seq);
        let last = last.expect("it ends where an event stood").clone();
        let (from, change) = (event.from, event.change.clone());
        assert_eq!(event, &Event { from, change, ..last }, "all but the change is the last's");
    }
}

pub async fn a_compacted_log_makes_the_same_notes(store: Arc<dyn Store>) {
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
    let replayed = board.expect("the log begins the board").notes;
    assert_eq!(replayed, script.state.notes);
    let stored = all_notes(&store, script.board()).await;
    assert_eq!(stored, replayed.into_values().collect::<Vec<_>>());
}

pub async fn compaction_touches_the_log_alone(store: Arc<dyn Store>) {
    let mut script = sittings(board_id(1));
    script.save(&store).await;
    let mut wanted = script.wanted();
    wanted.bases = [script.state.head.seq].into();
    wanted.notes.values_mut().for_each(|base| *base = None);
    let before = (load(&store, &wanted).await, all_notes(&store, script.board()).await);
    let listed = store.boards_of(actor(1).id, 10).await;
    assert_eq!(compact(&store).await, 18);
    assert_eq!((load(&store, &wanted).await, all_notes(&store, script.board()).await), before);
    assert_eq!(store.boards_of(actor(1).id, 10).await, listed);
}

pub async fn outcomes_outlive_compaction(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let key = |it: &StoredOutcome| (it.client, it.message);
    let mut found = load(&store, &script.wanted()).await.outcomes;
    let mut expected = script.outcomes.clone();
    found.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(found, expected);
}

pub async fn the_end_of_a_range_is_a_position_and_nothing_inside_is(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let events = all_events(&store, script.board()).await;
    let ends: BTreeSet<Seq> = events.iter().map(|it| it.seq).collect();
    let bases = load_board(&store, &script.wanted()).await.bases;
    assert_eq!(bases.keys().copied().collect::<BTreeSet<_>>(), ends);
    for fact in &script.log {
        let position = fact.event.position();
        let known = ends.contains(&position.seq).then_some(position.event);
        let standing = store.board_status(script.board(), actor(1).id, Some(position.seq)).await;
        let standing = standing.expect("the store answers").expect("the board exists");
        assert_eq!(standing.event_at, known, "at {}", position.seq);
        assert_eq!(bases.get(&position.seq).copied(), known, "at {}", position.seq);
    }
}

pub async fn edits_since_a_base_are_runs_after_compaction(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let mut wanted = bare(script.board());
    wanted.notes = [(note_id(1), Some(Seq(7))), (note_id(2), Some(Seq(0)))].into();
    let edits = load_board(&store, &wanted).await.edits;
    let ends = |note: u128| edits[&note_id(note)].iter().map(|it| it.seq.0).collect::<Vec<_>>();
    assert_eq!((ends(1), ends(2)), (vec![15, 23], vec![11, 19, 27]));
    let note = script.text(note_id(1));
    let back = edits[&note_id(1)].iter().rev().try_fold(note, |text, it| it.inverse.apply(&text));
    assert_eq!(back.map(|it| it.len_utf16()), Ok(4 * 5), "as it was after the first sitting");
}

pub async fn the_history_of_a_note_is_one_of_sittings(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    let found = store.note_events(script.board(), note_id(2), None, 100).await;
    let found = found.expect("the store answers");
    let told = |(event, _): &(Event, _)| (event.from.0, event.seq.0, event.actor.clone());
    let sitting = |n: u64| (8 + 8 * n, 11 + 8 * n, actor(2));
    let expected = [(3, 3, actor(1)), sitting(0), sitting(1), sitting(2)];
    assert_eq!(found.events.iter().map(told).collect::<Vec<_>>(), expected);
    let mut text = found.note.expect("the note exists").text;
    for (event, inverse) in found.events.iter().skip(1).rev() {
        assert_eq!(text, text_after(&script, note_id(2), event.seq), "after {}", event.seq);
        let inverse = inverse.as_ref().expect("an edit has an inverse");
        text = inverse.apply(&text).expect("it fits");
    }
    assert_eq!(text.as_str(), "two");
}

fn text_after(script: &Script, note: NoteId, seq: Seq) -> Text {
    let edits = script.state.edits[&note].iter().rev().take_while(|it| it.seq > seq);
    let now = script.text(note);
    edits.fold(now, |text, edit| edit.inverse.apply(&text).expect("it fits"))
}

pub async fn pages_of_history_fit_together_over_ranges(store: Arc<dyn Store>) {
    let script = compacted(&store, board_id(1)).await;
    // A number inside a range, as in a query from before the compaction.
    for before in [14, 12, 8, 5] {
        let page = store.note_events(script.board(), note_id(1), Some(Seq(before)), 1).await;
        let page = page.expect("the store answers");
        let (last, _) = page.events.last().expect("the note was created");
        assert!(last.seq < Seq(before));
        let now = page.note.expect("the note exists").text;
        let then = page.later_inverses.iter().rev().try_fold(now, |text, it| it.apply(&text));
        assert_eq!(then, Ok(text_after(&script, note_id(1), last.seq)), "before {before}");
    }
}

pub async fn what_was_missed_is_never_told_too_small(store: Arc<dyn Store>) {
    let mut script = compacted(&store, board_id(1)).await;
    script.edit(note_id(1), "later").save(&store).await;
    let events = all_events(&store, script.board()).await;
    for event in &events {
        let standing = store.board_status(script.board(), actor(1).id, Some(event.seq)).await;
        let standing = standing.expect("the store answers").expect("the board exists");
        let later = events.iter().filter(|it| it.seq > event.seq);
        let bytes: u64 = later.map(|it| json_bytes(it) as u64).sum();
        assert!(standing.bytes_since >= bytes, "after {}", event.seq);
    }
    let mut after = Seq(0);
    let mut found = Vec::new();
    while found.len() < events.len() {
        let page = store.events(script.board(), after, 600).await.expect("the store answers");
        after = page.last().expect("there is more").seq;
        found.extend(page);
    }
    assert_eq!(found, events, "pages lead through the log");
}
